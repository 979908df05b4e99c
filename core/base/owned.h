// One owner per handle of a C library: Owned<FILE*, close_file>. Close logs what goes wrong and never throws.
#pragma once

#include <memory>
#include <type_traits>

namespace convoy {

template <auto Close>
struct Closer {
  template <class Handle>
  void operator()(Handle handle) const noexcept {
    Close(handle);
  }
};

template <class Handle, auto Close>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Closer<Close>>;

}  // namespace convoy
