// GFLOP/s of our matrix products beside one plain call of oneDNN with all threads, at the shapes of small GPTs.
//
//   products_benchmark [--benchmark_filter=bf16]
//
// Where a case has more than the product (bias, activation, sums), oneDNN's side is still the bare product: the ratio
// then shows what the rest costs. Both run in turns and the best time of each counts, so that the ratio holds on a busy
// machine too. ours/oneDNN is what cutting by shape alone, for bits that do not depend on the number of threads, costs
// or gains.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <string>
#include <unordered_map>

#include "core/base/owned.h"
#include "core/ops/matmul.h"
#include "kernels/cpu/cpu_memory.h"
#include "kernels/cpu/cpu_stream.h"
#include "kernels/cpu/product/cache.h"
#include "kernels/cpu/product/matmul.h"
#include "kernels/cpu/product/onednn_compat.h"
#include "kernels/cpu/team.h"

namespace convoy {
namespace {

enum class Form { plain, bias_gelu, gelu_derivative, weight_gradient };

struct Case {
  int64_t M, N, K;
  bool a_transposed, b_transposed;
  Form form = Form::plain;
};

constexpr Case kCases[] = {
    {4096, 384, 384, false, false},
    {4096, 1152, 384, false, false},
    {4096, 1536, 384, false, false},
    {4096, 384, 1536, false, false},
    {4096, 384, 1152, false, true},
    {4096, 1536, 384, false, true},
    {4096, 384, 1536, false, true},
    {384, 1536, 4096, true, false},
    {1536, 384, 4096, true, false},
    {384, 384, 4096, true, false},
    {1024, 768, 3072, false, false},
    {1024, 3072, 768, false, false},
    {1024, 2048, 768, false, true},
    {2048, 65, 384, false, false},
    {2048, 384, 84, false, false},
    {2048, 384, 84, false, true},
    {384, 84, 2048, true, false},
    {2048, 128, 512, false, false},
    {2048, 512, 128, false, false},
    {128, 512, 2048, true, false},
    {64, 1536, 384, false, false},
    {64, 384, 1536, false, true},
    {256, 1536, 384, false, false},
    {4096, 1536, 384, false, false, Form::bias_gelu},
    {4096, 1536, 384, false, true, Form::gelu_derivative},
    {384, 1536, 4096, true, false, Form::weight_gradient},
};

std::string name_of(const Case& shape, DType dtype) {
  constexpr const char* kForms[] = {"", " bias gelu", " gelu derivative", " accumulate, column sums"};
  return fmt::format("{}/{}x{}x{}{}{}{}", name_of(dtype), shape.M, shape.N, shape.K, shape.a_transposed ? " aT" : "",
                     shape.b_transposed ? " bT" : "", kForms[static_cast<int>(shape.form)]);
}

using DeviceMemory = Owned<void*, cpu::release_block>;

Tensor make_matrix(DeviceMemory& memory, int64_t rows, int64_t columns, DType dtype) {
  const auto words = static_cast<size_t>(rows * columns);
  memory.reset(cpu::allocate_block(words * sizeof(float)));
  // Two bf16 of 1 in every word: as f32 it is near 1 too.
  std::fill_n(static_cast<float*>(memory.get()), words, std::bit_cast<float>(0x3f803f80u));
  return {memory.get(), dtype, {rows, columns}};
}

// oneDNN as one would call it without further thought; empty where it has only reference code.
// oneDNN's own threads, as many as ours. Elsewhere it must see one.
class OneDnnThreads {
 public:
  OneDnnThreads() { omp_set_num_threads(cpu::Team::size()); }
  ~OneDnnThreads() { omp_set_num_threads(1); }
  OneDnnThreads(const OneDnnThreads&) = delete;
  OneDnnThreads& operator=(const OneDnnThreads&) = delete;
};

class PlainProduct {
 public:
  PlainProduct(const Matmul& args) {
    const OneDnnThreads threads;
    const auto describe = [](const Tensor& matrix, bool transposed) {
      const int64_t rows = matrix.shape[0], columns = matrix.shape[1];
      using Dims = dnnl::memory::dims;
      const auto type = cpu::onednn_type(matrix.dtype);
      if (transposed) return dnnl::memory::desc(Dims{columns, rows}, type, Dims{1, columns});
      return dnnl::memory::desc(Dims{rows, columns}, type, Dims{columns, 1});
    };
    const auto a = describe(args.a, args.a_transposed), b = describe(args.b, args.b_transposed);
    const auto c = describe(args.c, false);
    const auto description = cpu::describe_product(a, b, {}, c, {});
    if (!description) return;
    const dnnl::engine& engine = cpu::onednn_engine();
    primitive_ = dnnl::matmul(description);
    stream_ = dnnl::stream(engine);
    arguments_ = {{DNNL_ARG_SRC, dnnl::memory(a, engine, args.a.data)},
                  {DNNL_ARG_WEIGHTS, dnnl::memory(b, engine, args.b.data)},
                  {DNNL_ARG_DST, dnnl::memory(c, engine, args.c.data)}};
  }

  explicit operator bool() const { return static_cast<bool>(primitive_); }
  void run() {
    const OneDnnThreads threads;
    primitive_.execute(stream_, arguments_);
  }

 private:
  dnnl::matmul primitive_;
  dnnl::stream stream_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

template <class Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The operands of one case and their memory.
struct Operands {
  Operands(const Case& shape, DType dtype) {
    const auto [M, N, K, a_transposed, b_transposed, form] = shape;
    args.a = a_transposed ? make_matrix(a, K, M, dtype) : make_matrix(a, M, K, dtype);
    args.b = b_transposed ? make_matrix(b, N, K, dtype) : make_matrix(b, K, N, dtype);
    args.c = make_matrix(c, M, N, dtype);
    args.a_transposed = a_transposed;
    args.b_transposed = b_transposed;
    if (form == Form::bias_gelu) args.bias = make_matrix(bias, 1, N, dtype).reshaped({N});
    if (form == Form::bias_gelu) args.activation = Activation::gelu_tanh;
    if (form == Form::gelu_derivative) args.derivative_of = Activation::gelu_tanh;
    if (form == Form::bias_gelu || form == Form::gelu_derivative)
      args.pre_activation = make_matrix(pre_activation, M, N, dtype);
    if (form == Form::weight_gradient) args.accumulate = true;
    if (form == Form::weight_gradient) args.column_sums = make_matrix(sums, 1, N, DType::f32).reshaped({N});
  }

  Matmul args;
  DeviceMemory a, b, c, bias, pre_activation, sums;
};

void measure(benchmark::State& state, const Case& shape, DType dtype) {
  const Operands operands(shape, dtype);
  const Matmul& args = operands.args;
  cpu::ProductCache products;
  const auto stream = cpu::make_cpu_stream(StreamKind::compute);
  const auto ours = [&] { cpu::run_matmul(products, *stream, args); };
  PlainProduct plain(args);
  ours();
  if (plain) plain.run();
  double ours_s = std::numeric_limits<double>::infinity(), plain_s = ours_s;
  for (auto _ : state) {
    const double elapsed_s = seconds(ours);
    state.SetIterationTime(elapsed_s);
    ours_s = std::min(ours_s, elapsed_s);
    if (plain) plain_s = std::min(plain_s, seconds([&] { plain.run(); }));
  }
  const double gflop = 2e-9 * static_cast<double>(shape.M * shape.N * shape.K);
  state.counters["GFLOP/s"] = gflop / ours_s;
  if (plain) state.counters["oneDNN"] = gflop / plain_s;
  if (plain) state.counters["ours/oneDNN"] = plain_s / ours_s;
}

void register_all() {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const Case& shape : kCases) {
      benchmark::RegisterBenchmark(name_of(shape, dtype).c_str(),
                                   [=](benchmark::State& state) { measure(state, shape, dtype); })
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond)
          ->MinTime(0.1);
    }
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  fmt::print("{} threads\n", convoy::cpu::Team::size());
  convoy::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
