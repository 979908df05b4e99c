#include "kernels/cuda/product_timing.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "kernels/cuda/cuda_time_mark.h"

namespace convoy::cuda {
namespace {

constexpr int kRuns = 5;  // timed, behind one that is not: the least counts, which nothing else has slowed down

void free_operands(std::byte* memory) noexcept { CUDA_WARN(cudaFree(memory)); }

// A product of the shape, on memory of its own.
class Trial {
 public:
  Trial(Stream& stream, const CudaProductShape& shape, size_t scratch_bytes) : stream_(stream) {
    const Shape a = shape.a_transposed ? Shape{shape.K, shape.a_columns} : Shape{shape.M, shape.K};
    args_.a = {nullptr, shape.input, a};
    args_.b = {nullptr, shape.input, shape.b_transposed ? Shape{shape.N, shape.K} : Shape{shape.K, shape.N}};
    args_.c = {nullptr, shape.output, {shape.M, shape.N}};
    if (shape.bias) args_.bias = {nullptr, shape.input, {shape.N}};
    if (shape.pre_activation) args_.pre_activation = {nullptr, shape.input, {shape.M, shape.N}};
    if (shape.column_sums) args_.column_sums = {nullptr, DType::f32, {shape.N}};
    args_.a_transposed = shape.a_transposed;
    args_.b_transposed = shape.b_transposed;
    args_.accumulate = shape.accumulate;
    args_.activation = shape.activation;
    args_.derivative_of = shape.derivative_of;
    scratch_ = {nullptr, DType::u8, {static_cast<int64_t>(scratch_bytes)}};
    allocate();
  }

  const Matmul& args() const { return args_; }

  double ms(const CudaProduct& product) {
    double least = std::numeric_limits<double>::infinity();
    for (int run = 0; run <= kRuns; ++run) {
      begin_.record(stream_);
      product.run(stream_, args_, scratch_);
      end_.record(stream_);
      stream_.synchronize();
      if (run > 0) least = std::min(least, end_.ms_since(begin_));
    }
    return least;
  }

 private:
  // Bytes of 0x3c are small numbers in both types.
  void allocate() {
    std::vector<Tensor*> tensors = {&args_.a,           &args_.b, &args_.c, &args_.bias, &args_.pre_activation,
                                    &args_.column_sums, &scratch_};
    std::erase_if(tensors, [](const Tensor* tensor) { return tensor->bytes() == 0 || tensor->shape.dims() == 0; });
    size_t bytes = 0;
    for (const Tensor* tensor : tensors) bytes += round_up(tensor->bytes(), kAlignment);
    void* memory = nullptr;
    CUDA_CHECK(cudaMalloc(&memory, bytes));
    memory_.reset(static_cast<std::byte*>(memory));
    CUDA_CHECK(cudaMemsetAsync(memory, 0x3c, bytes, handle(stream_)));
    size_t at = 0;
    for (Tensor* tensor : tensors) {
      tensor->data = memory_.get() + at;
      at += round_up(tensor->bytes(), kAlignment);
    }
  }

  static constexpr size_t kAlignment = 256;

  Stream& stream_;
  Matmul args_;
  Tensor scratch_;
  Owned<std::byte*, free_operands> memory_;
  CudaTimeMark begin_, end_;
};

}  // namespace

std::optional<ProductChoice> fastest_choice(Stream& stream, const CudaProductShape& shape,
                                            const CudaProduct::Options& options) {
  const std::vector<ProductChoice> candidates = CudaProduct::candidates(shape, options);
  if (candidates.empty()) return std::nullopt;
  Trial trial(stream, shape, CudaProductScratch(shape, options.most_workspace_bytes).all());
  const ProductChoice* fastest = &candidates.front();
  double least = std::numeric_limits<double>::infinity();
  for (const ProductChoice& candidate : candidates) {
    const double ms = trial.ms(CudaProduct(shape, options, candidate));
    if (ms < least) fastest = &candidate, least = ms;
  }
  return *fastest;
}

}  // namespace convoy::cuda
