// Enums as they are written in a config: ADL finds enum_names(E) beside each enum.
#pragma once

#include <string_view>
#include <utility>

namespace convoy {

template <class E>
std::string_view to_name(E value) {
  for (const auto& [name, candidate] : enum_names(E{}))
    if (candidate == value) return name;
  return "?";
}

}  // namespace convoy
