#include "datasets/stored_type.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace convoy {
namespace {

constexpr std::array kStoredTypes = {
    std::pair{StoredType::u8, std::string_view("uint8")},    std::pair{StoredType::u16, std::string_view("uint16")},
    std::pair{StoredType::u32, std::string_view("uint32")},  std::pair{StoredType::i32, std::string_view("int32")},
    std::pair{StoredType::i64, std::string_view("int64")},   std::pair{StoredType::f32, std::string_view("float32")},
    std::pair{StoredType::f64, std::string_view("float64")},
};

// visit(an element of that type)
template <class Visit>
auto with_element(StoredType type, Visit&& visit) {
  switch (type) {
    case StoredType::u8:
      return visit(uint8_t{});
    case StoredType::u16:
      return visit(uint16_t{});
    case StoredType::u32:
      return visit(uint32_t{});
    case StoredType::i32:
      return visit(int32_t{});
    case StoredType::i64:
      return visit(int64_t{});
    case StoredType::f32:
      return visit(float{});
    case StoredType::f64:
      break;
  }
  return visit(double{});
}

template <class Stored>
Stored load(const std::byte* data, int64_t i) {
  Stored value;
  std::memcpy(&value, data + static_cast<size_t>(i) * sizeof(Stored), sizeof value);  // HDF5 promises no alignment
  return value;
}

template <class Stored, class Element>
void convert(const std::byte* stored, int64_t count, void* out) {
  if constexpr (std::is_same_v<Stored, Element>) {
    std::memcpy(out, stored, static_cast<size_t>(count) * sizeof(Stored));
  } else {
    auto* elements = static_cast<Element*>(out);
    for (int64_t i = 0; i < count; ++i) elements[i] = static_cast<Element>(load<Stored>(stored, i));
  }
}

}  // namespace

std::string_view name_of(StoredType type) {
  for (const auto& [candidate, name] : kStoredTypes)
    if (candidate == type) return name;
  return "?";
}

std::optional<StoredType> stored_type_named(std::string_view name) {
  for (const auto& [type, candidate] : kStoredTypes)
    if (candidate == name) return type;
  return std::nullopt;
}

std::string stored_type_names() {
  std::string names;
  for (const auto& [type, name] : kStoredTypes) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

int64_t size_of(StoredType type) {
  return with_element(type, [](auto element) { return static_cast<int64_t>(sizeof element); });
}

DType batch_dtype(StoredType type) {
  if (type == StoredType::u8) return DType::u8;
  return type == StoredType::f32 || type == StoredType::f64 ? DType::f32 : DType::i32;
}

void convert_elements(StoredType type, const std::byte* stored, int64_t count, void* out) {
  with_element(type, [&](auto element) {
    using Stored = decltype(element);
    if constexpr (std::is_floating_point_v<Stored>)
      convert<Stored, float>(stored, count, out);
    else if constexpr (sizeof(Stored) == 1)
      convert<Stored, uint8_t>(stored, count, out);
    else
      convert<Stored, int32_t>(stored, count, out);
  });
}

int64_t find_unusable(StoredType type, const std::byte* stored, int64_t begin, int64_t count, int64_t limit) {
  return with_element(type, [&](auto element) -> int64_t {
    using Stored = decltype(element);
    if constexpr (std::is_integral_v<Stored>) {
      using I32 = std::numeric_limits<int32_t>;
      const int64_t least = limit > 0 ? 0 : int64_t{I32::min()}, most = limit > 0 ? limit - 1 : int64_t{I32::max()};
      for (int64_t i = begin; i < count; ++i)
        if (const auto value = static_cast<int64_t>(load<Stored>(stored, i)); value < least || value > most) return i;
    } else {
      // What is too large for f32 becomes infinite there.
      for (int64_t i = begin; i < count; ++i)
        if (!(std::abs(static_cast<float>(load<Stored>(stored, i))) <= std::numeric_limits<float>::max())) return i;
    }
    return -1;
  });
}

std::string element_text(StoredType type, const std::byte* stored, int64_t i) {
  return with_element(type, [&](auto element) {
    const auto value = load<decltype(element)>(stored, i);
    if constexpr (std::is_integral_v<decltype(element)>)
      return fmt::format("{}", static_cast<int64_t>(value));
    else
      return fmt::format("{}", value);
  });
}

}  // namespace convoy
