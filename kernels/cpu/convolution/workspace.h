// Pieces of a thread's memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/integers.h"

namespace convoy::cpu {

template <class Element>
size_t bytes_for(int64_t count) {
  return round_up<size_t>(static_cast<size_t>(count) * sizeof(Element), 64);
}

// 64-byte aligned if memory was; memory then begins behind it.
template <class Element>
Element* take(std::byte*& memory, int64_t count) {
  auto* taken = reinterpret_cast<Element*>(memory);
  memory += bytes_for<Element>(count);
  return taken;
}

}  // namespace convoy::cpu
