// One convolution as training computes it, forward, gradient of the input and gradient of the weights, over and over:
// convolutions.sh measures it beside PyTorch's.
//
//   convolution_steps B H W CIN COUT KERNEL STRIDE GROUPS forward|input|weight|all STEPS [f32|bf16]
//
// Padding is half of the kernel. Prints "step N" after every step, and at the end the best step's time and speed.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/base/owned.h"
#include "core/ops/convolution.h"
#include "kernels/cpu/cpu_memory.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/cpu_stream.h"

namespace convoy {
namespace {

class Operand {
 public:
  Operand(const Shape& shape, DType dtype)
      : memory_(cpu::allocate_block(static_cast<size_t>(shape.elements()) * size_of(dtype) + 64)),
        tensor_{memory_.get(), dtype, shape} {
    for (int64_t i = 0; i < shape.elements(); ++i) {
      const float value = static_cast<float>(i * 7919 % 997) / 997.0f - 0.5f;
      if (dtype == DType::f32) tensor_.as<float>()[i] = value;
      if (dtype == DType::bf16) tensor_.as<bf16>()[i] = bf16(value);
    }
  }
  operator const Tensor&() const { return tensor_; }  // NOLINT(google-explicit-constructor): stands for its tensor

 private:
  Owned<void*, cpu::release_block> memory_;
  Tensor tensor_;
};

struct Operands {
  ConvolutionShape s;
  Operand x, dx, y, dy, weight, dweight, bias, dbias;

  explicit Operands(const ConvolutionShape& shape)
      : s(shape),
        x(s.of_x(), s.dtype),
        dx(s.of_x(), s.dtype),
        y(s.of_y(), s.dtype),
        dy(s.of_y(), s.dtype),
        weight({s.Cout, s.group_inputs(), s.kernel_h, s.kernel_w}, s.dtype),
        dweight({s.Cout, s.group_inputs(), s.kernel_h, s.kernel_w}, DType::f32),
        bias({s.Cout}, s.dtype),
        dbias({s.Cout}, DType::f32) {}
};

int run(const ConvolutionShape& shape, const std::string& what, int steps) {
  using Clock = std::chrono::steady_clock;
  const Operands o(shape);
  const ConvolutionForward forward{shape, o.y, o.x, o.weight, o.bias, false};
  const ConvolutionBackwardInput input{shape, o.dx, o.dy, o.weight};
  const ConvolutionBackwardWeight weight{shape, o.dweight, o.dbias, o.x, o.dy};
  cpu::CpuOps ops;
  const std::unique_ptr<Stream> stream = cpu::make_cpu_stream(StreamKind::compute);
  const Operand scratch({static_cast<int64_t>(std::max(
                            {ops.scratch_bytes(forward), ops.scratch_bytes(input), ops.scratch_bytes(weight)}))},
                        DType::u8);
  double best = 1e30;
  for (int step = 1; step <= steps; ++step) {
    const Clock::time_point start = Clock::now();
    if (what == "forward" || what == "all") ops.run(*stream, forward, scratch);
    if (what == "input" || what == "all") ops.run(*stream, input, scratch);
    if (what == "weight" || what == "all") ops.run(*stream, weight, scratch);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    fmt::print("step {}\n", step);
    std::fflush(stdout);
  }
  const double flops = shape.flops() * (what == "all" ? 3 : 1);
  fmt::print("best {:.3f} ms, {:.1f} GFLOP/s\n", best * 1e3, flops / best * 1e-9);
  return 0;
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc < 11) {
    std::fputs("convolution_steps B H W CIN COUT KERNEL STRIDE GROUPS forward|input|weight|all STEPS [f32|bf16]\n",
               stderr);
    return 2;
  }
  const auto number = [&](int i) { return static_cast<int64_t>(std::atoll(argv[i])); };
  const int64_t kernel = number(6), stride = number(7), padding = kernel / 2;
  const auto results = [&](int64_t extent) { return (extent + 2 * padding - kernel) / stride + 1; };
  const bool in_bf16 = argc > 11 && std::string(argv[11]) == "bf16";
  return convoy::run({.B = number(1),
                      .H = number(2),
                      .W = number(3),
                      .Cin = number(4),
                      .Hout = results(number(2)),
                      .Wout = results(number(3)),
                      .Cout = number(5),
                      .kernel_h = kernel,
                      .kernel_w = kernel,
                      .stride_h = stride,
                      .stride_w = stride,
                      .top = padding,
                      .left = padding,
                      .groups = number(8),
                      .dtype = in_bf16 ? convoy::DType::bf16 : convoy::DType::f32},
                     argv[9], static_cast<int>(number(10)));
}
