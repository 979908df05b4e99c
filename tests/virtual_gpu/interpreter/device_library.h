// Arguments and memory as the functions of the device library see them.
#pragma once

#include <cstring>
#include <string>

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {

template <class T>
T call_argument(Warp& w, const Inst& i, int lane, size_t index) {
  T value;
  std::memcpy(&value, w.local + static_cast<u64>(lane) * w.local_stride + i.table->at(index), sizeof value);
  return value;
}
template <class T>
void call_result(Warp& w, const Inst& i, int lane, T value) {
  if (i.f1) std::memcpy(w.local + static_cast<u64>(lane) * w.local_stride + i.imm, &value, sizeof value);
}

struct Readable {
  const u8* data;
  u64 bytes;
};
Readable memory_at(Warp& w, int lane, u64 address);     // faults where the lane may not read
std::string string_at(Warp& w, int lane, u64 address);  // "(null)" for 0

void device_printf(Warp& w, const Inst& i, u32 m);

}  // namespace convoy::vgpu
