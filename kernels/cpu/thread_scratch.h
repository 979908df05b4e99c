// Memory of the calling thread for the inside of one operator: allocated once, grows, is never given back before the
// thread ends.
#pragma once

#include <cstddef>

namespace convoy::cpu {

// 64-byte aligned, contents undefined; valid until this thread's next call. Throws InternalError.
std::byte* thread_scratch(size_t bytes);

}  // namespace convoy::cpu
