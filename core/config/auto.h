// Values that may be left to the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace convoy {

// A number, or the word `auto` or another that the key has for it (Allowed::word).
struct Auto {
  std::optional<int64_t> value;  // absent: the word

  Auto() = default;
  Auto(int64_t number) : value(number) {}  // implicit: keys are set as whole numbers are
  int64_t value_or(int64_t automatic) const { return value.value_or(automatic); }
};

struct AutoReal {
  std::optional<double> value;
  double value_or(double automatic) const { return value.value_or(automatic); }
};

// One of several words (Allowed::names), or numbers: one, or a list.
template <class Number>
struct WordOr {
  std::string word;  // empty: the numbers
  std::vector<Number> numbers;
};
using WordOrNumbers = WordOr<int64_t>;  // whole ones
using WordOrReals = WordOr<double>;

}  // namespace convoy
