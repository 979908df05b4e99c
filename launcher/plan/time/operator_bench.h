// Operators of a device that is here, called again and again and timed by the host's clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "core/device/device.h"
#include "core/ops/ops.h"
#include "core/plan/operator_work.h"

namespace convoy {

class OperatorBench {
 public:
  explicit OperatorBench(Device& device) : device_(device), stream_(device.make_stream(StreamKind::compute)) {}

  // Memory of the device, until free().
  Tensor zeros(DType dtype, const Shape& shape);
  void free() { memory_.clear(); }

  // Seconds of a call, once warm, over at least a tenth of a second of calls.
  template <class Args>
  double time(const Args& args) {
    const size_t bytes = device_.ops().scratch_bytes(args);
    const Tensor scratch = bytes > 0 ? zeros(DType::u8, {static_cast<int64_t>(bytes)}) : Tensor();
    const auto calls = [&](int64_t times) {
      const auto begin = std::chrono::steady_clock::now();
      for (int64_t i = 0; i < times; ++i) device_.ops().run(*stream_, args, scratch);
      stream_->synchronize();
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    constexpr double kSeconds = 0.1;
    calls(1);
    int64_t times = 1;
    double seconds = calls(times);
    while (seconds < kSeconds) seconds = calls(times *= 2);
    return seconds / static_cast<double>(times);
  }
  double time(const ProductWork& product);
  // Bytes a second of a sum of two arrays that moves so many bytes.
  double stream_rate(double bytes);

 private:
  Device& device_;
  std::unique_ptr<Stream> stream_;
  std::vector<Memory> memory_;
};

// What can be reached on a device, as far as large products and long streams reach it.
struct Ceilings {
  double bf16_flops = 0, f32_flops = 0, bytes_per_s = 0;
};
// Takes a second or two. Products grow for as long as they become faster and take less than a fifth of a second.
Ceilings measured_ceilings(Device& device);

}  // namespace convoy
