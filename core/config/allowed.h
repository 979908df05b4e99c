// What a number or a text may be beyond its type, said once, beside the key: the loader and the command line refuse the
// rest, `trainer config` prints it, and the members are the words of a JSON schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace convoy {

struct Allowed {
  // Of a number. Doubles hold all whole numbers up to 9e15: bounds of whole numbers stay below.
  std::optional<double> minimum, maximum;
  bool exclusive_minimum = false, exclusive_maximum = false;  // the bound itself is refused
  // Of a text: one of these; none: any text, so many bytes long.
  std::vector<std::string_view> names = {};
  size_t min_length = 0, max_length = SIZE_MAX;
  // Of an Auto: what stands for no number.
  std::string_view word = "auto";

  static Allowed any() { return {}; }
  static Allowed from(double minimum, double maximum) { return {minimum, maximum}; }
  static Allowed from_to_below(double minimum, double maximum) { return {minimum, maximum, false, true}; }
  static Allowed above_to(double minimum, double maximum) { return {minimum, maximum, true, false}; }
  static Allowed one_of(std::vector<std::string_view> names) { return {.names = std::move(names)}; }
  // Of WordOrNumbers and WordOrReals.
  static Allowed words_or(std::vector<std::string_view> words, double minimum, double maximum) {
    return {.minimum = minimum, .maximum = maximum, .names = std::move(words)};
  }
  static Allowed text() { return {.min_length = 1}; }
  static Allowed path() { return {.min_length = 1, .max_length = 4095}; }  // as Linux has it
  Allowed or_word(std::string_view other) const {
    Allowed allowed = *this;
    allowed.word = other;
    return allowed;
  }
};

// Bounds that stand for "more than anyone means", small enough that products of a few of them fit 64 bits.
inline constexpr double kMostSteps = 1e12;  // also of what is counted once a step
inline constexpr double kMostSequences = 1e7;
inline constexpr double kMostReal = 1e30, kLeastReal = 1e-30;  // kernels compute in f32

}  // namespace convoy
