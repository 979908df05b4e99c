// One operator run once on the CUDA device, with the least bytes that it must move: every input read once, every output
// written once.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "core/device/device.h"
#include "core/ops/ops.h"

namespace convoy::counters {

struct Work {
  double least_bytes = 0;
  bool streaming = true;  // moves what it must and little else; otherwise it gathers, or computes
};

class CounterBench {
 public:
  CounterBench();

  // Device memory with numbers from 0 to `size`, different from element to element.
  Tensor tensor(const Shape& shape, DType dtype, float size = 0.5f);
  Tensor integers(const Shape& shape, const std::function<int64_t(int64_t)>& value, DType dtype = DType::i32);

  // Runs the operator with the scratch it wants and waits.
  template <class Arguments>
  void run(const Arguments& args) {
    const auto scratch_bytes = static_cast<int64_t>(device_->ops().scratch_bytes(args));
    const Tensor scratch = scratch_bytes > 0 ? tensor({scratch_bytes}, DType::u8) : Tensor();
    device_->ops().run(*stream_, args, scratch);
    stream_->synchronize();
  }

 private:
  Tensor upload(const Shape& shape, DType dtype, const std::vector<std::byte>& bytes);

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  std::vector<Memory> memory_;
};

double bytes_of(std::initializer_list<Tensor> tensors);

}  // namespace convoy::counters
