// The matrix products of a GPT's training step and nothing else: the speed that no training can pass on this machine.
//   gpt_products LAYERS CHANNELS T B VOCABULARY f32|bf16 STEPS     prints a line for each step
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/ops/matmul.h"
#include "core/ops/ops.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

class Products {
 public:
  Products(int64_t C, int64_t V, int64_t rows, DType dtype) : rows_(rows), dtype_(dtype) {
    const int64_t widest = std::max(4 * C, V);
    const auto elements = static_cast<size_t>(rows * widest), weights = static_cast<size_t>(widest * 4 * C);
    x_ = device_->allocate(elements * 4);
    y_ = device_->allocate(elements * 4);
    w_ = device_->allocate(weights * 4);
    dw_ = device_->allocate(weights * 4);
    for (const Memory* memory : {&x_, &y_, &w_, &dw_}) stream_->zero(memory->data(), memory->bytes());
  }

  // y = x W, dx = dy W^T, dW += x^T dy of a map from Cin to Cout channels.
  void linear(int64_t Cin, int64_t Cout) {
    const Tensor x{x_.data(), dtype_, {rows_, Cin}}, y{y_.data(), dtype_, {rows_, Cout}};
    const Tensor w{w_.data(), dtype_, {Cin, Cout}}, dw{dw_.data(), DType::f32, {Cin, Cout}};
    run({.c = y, .a = x, .b = w});
    run({.c = x, .a = y, .b = w, .b_transposed = true});
    run({.c = dw, .a = x, .b = y, .a_transposed = true, .accumulate = true});
  }

 private:
  void run(const Matmul& product) {
    const size_t bytes = device_->ops().scratch_bytes(product);
    if (bytes > scratch_.bytes()) scratch_ = device_->allocate(bytes);
    device_->ops().run(*stream_, product, {scratch_.data(), DType::u8, {static_cast<int64_t>(scratch_.bytes())}});
  }

  std::unique_ptr<Device> device_ = cpu::make_cpu_device(0);
  std::unique_ptr<Stream> stream_ = device_->make_stream(StreamKind::compute);
  int64_t rows_;
  DType dtype_;
  Memory x_, y_, w_, dw_, scratch_;
};

double seconds_of_step(Products& products, int64_t L, int64_t C, int64_t V) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t layer = 0; layer < L; ++layer) {
    products.linear(C, 3 * C);
    products.linear(C, C);
    products.linear(C, 4 * C);
    products.linear(4 * C, C);
  }
  products.linear(C, V);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc != 8) {
    fmt::print(stderr, "usage: gpt_products LAYERS CHANNELS T B VOCABULARY f32|bf16 STEPS\n");
    return 2;
  }
  const auto number = [&](int i) { return std::strtoll(argv[i], nullptr, 10); };
  const int64_t L = number(1), C = number(2), rows = number(3) * number(4), V = number(5), steps = number(7);
  convoy::Products products(C, V, rows, std::string_view(argv[6]) == "bf16" ? convoy::DType::bf16 : convoy::DType::f32);
  for (int64_t step = 1; step <= steps; ++step) {
    const double seconds = convoy::seconds_of_step(products, L, C, V);
    fmt::print("step {}/{}  {:.1f} tokens/s\n", step, steps, static_cast<double>(rows) / seconds);
    std::fflush(stdout);
  }
}
