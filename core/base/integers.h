// Small integer arithmetic used everywhere.
#pragma once

#include <cstdint>

namespace convoy {

template <class Integer>
constexpr Integer ceil_div(Integer value, Integer divisor) {
  return (value + divisor - 1) / divisor;
}

template <class Integer>
constexpr Integer round_up(Integer value, Integer multiple) {
  return ceil_div(value, multiple) * multiple;
}

}  // namespace convoy
