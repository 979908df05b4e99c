#include "core/device/device.h"

#include <utility>

namespace convoy {

Memory& Memory::operator=(Memory&& other) noexcept {
  if (this == &other) return *this;
  release();
  device_ = std::exchange(other.device_, nullptr);
  data_ = std::exchange(other.data_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  kind_ = other.kind_;
  return *this;
}

void Memory::release() noexcept {
  if (data_ == nullptr) return;
  device_->release_raw(data_, kind_);
  device_->allocated_bytes_[static_cast<int>(kind_)] -= bytes_;
  data_ = nullptr;
}

Memory Device::allocate(size_t bytes, MemoryKind kind) {
  if (bytes == 0) return {};
  void* data = allocate_raw(bytes, kind);
  allocated_bytes_[static_cast<int>(kind)] += bytes;
  ++allocations_;
  return {*this, data, bytes, kind};
}

}  // namespace convoy
