// From an address that the program uses to one that this process may touch.
#pragma once
#include <cstddef>
#include <cstdint>

namespace convoy::vgpu {
// Host addresses come back as they are. Of a device address, [p, p + bytes) has to lie within one live allocation: null
// if it does not, after a message that begins with `what`.
uint8_t* host_view(const void* p, size_t bytes, const char* what);
}  // namespace convoy::vgpu
