#include "core/device/device.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"

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

void Device::require_possible(size_t bytes, MemoryKind kind, std::string_view what) const {
  const size_t most = most_bytes(kind);
  if (most == 0 || bytes <= most) return;
  constexpr double kGiB = 0x1p30;
  throw ConfigError(
      fmt::format("{:.4g} GiB of memory are wanted for {}, more than {:.4g} GiB can never be had on {}; lower "
                  "batch.micro, model.context, model.channels or model.layers, or shard over more ranks by "
                  "parallel.stage",
                  static_cast<double>(bytes) / kGiB, what, static_cast<double>(most) / kGiB, info().name));
}

Memory Device::allocate(size_t bytes, MemoryKind kind) {
  if (bytes == 0) return {};
  void* data = allocate_raw(bytes, kind);
  allocated_bytes_[static_cast<int>(kind)] += bytes;
  ++allocations_;
  return {*this, data, bytes, kind};
}

}  // namespace convoy
