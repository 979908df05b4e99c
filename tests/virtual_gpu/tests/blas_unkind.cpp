// What the unkind mode of cuBLASLt catches: each use that the documentation does not promise to work beside the same
// use as it has to be. CTest runs each case alone, the wrong ones also where the library is kind and nothing is found.
#include <algorithm>
#include <cmath>

#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

constexpr int kMostAnswers = 8;
constexpr size_t kMostWorkspace = size_t{32} << 20;
constexpr float kOne = 1, kZero = 0;

// Enough shapes that every seed treats some of them in each way.
std::vector<MatmulSpec> shapes(MatmulSpec spec) {
  std::vector<MatmulSpec> all;
  for (spec.m = 16; spec.m <= 256; spec.m += 16) all.push_back(spec);
  return all;
}
constexpr MatmulSpec kPlain{.n = 128, .k = 32, .max_workspace_bytes = kMostWorkspace};

struct Answers {
  explicit Answers(const MatmulObjects& o) {
    EXPECT_EQ(
        cublasLtMatmulAlgoGetHeuristic(o.handle, o.desc, o.a, o.b, o.c, o.d, o.preference, kMostAnswers, all, &count),
        CUBLAS_STATUS_SUCCESS);
  }
  cublasLtMatmulHeuristicResult_t all[kMostAnswers] = {};
  int count = 0;
};

// A product of values that are no whole numbers, into d; with as much of the workspace as is said.
class Product {
 public:
  explicit Product(const MatmulSpec& spec)
      : objects(spec),
        a_(values(spec.m * spec.k)),
        b_(values(spec.k * spec.n)),
        d_(static_cast<size_t>(spec.m * spec.n)),
        workspace_(kMostWorkspace) {}

  cublasStatus_t run(const cublasLtMatmulAlgo_t& algorithm, size_t workspace_bytes) {
    return cublasLtMatmul(objects.handle, objects.desc, &kOne, a_.data(), objects.a, b_.data(), objects.b, &kZero,
                          d_.data(), objects.c, d_.data(), objects.d, &algorithm, workspace_.data(), workspace_bytes,
                          nullptr);
  }
  std::vector<float> result() const { return d_.values(); }
  MatmulObjects objects;

 private:
  static std::vector<float> values(int64_t count) {
    std::vector<float> all(static_cast<size_t>(count));
    for (size_t i = 0; i < all.size(); ++i) all[i] = std::sin(static_cast<float>(i));
    return all;
  }
  DeviceArray<float> a_, b_, d_;
  DeviceArray<char> workspace_;
};

// cublasLtMatmulAlgoGetHeuristic may have no answer to a problem with an epilogue.
CASE(relies_on_an_epilogue) {
  for (MatmulSpec spec : shapes(kPlain)) {
    spec.epilogue = CUBLASLT_EPILOGUE_GELU;
    EXPECT(MatmulObjects(spec).choose());
  }
}
CASE(does_without_an_epilogue) {
  for (MatmulSpec spec : shapes(kPlain)) {
    spec.epilogue = CUBLASLT_EPILOGUE_GELU;
    if (MatmulObjects(spec).choose()) continue;
    spec.epilogue = CUBLASLT_EPILOGUE_DEFAULT;
    EXPECT(MatmulObjects(spec).choose());
  }
}

// cublasLtMatmulHeuristicResult_t: nothing is valid where `state` is no success.
void multiply_with_all_answers(bool look_at_state) {
  for (const MatmulSpec& spec : shapes(kPlain)) {
    Product product(spec);
    const Answers answers(product.objects);
    for (int i = 0; i < answers.count; ++i)
      if (!look_at_state || answers.all[i].state == CUBLAS_STATUS_SUCCESS)
        EXPECT_EQ(product.run(answers.all[i].algo, kMostWorkspace), CUBLAS_STATUS_SUCCESS);
  }
}
CASE(takes_invalid_answers) { multiply_with_all_answers(false); }
CASE(takes_valid_answers) { multiply_with_all_answers(true); }

// cublasLtMatmulHeuristicResult_t::workspaceSize: what the algorithm needs.
void multiply_with_workspace(bool as_much_as_asked) {
  for (MatmulSpec spec : shapes(kPlain)) {
    spec.n = 512;
    Product product(spec);
    EXPECT(product.objects.choose());
    const size_t asked = product.objects.chosen.workspaceSize;
    EXPECT_EQ(product.run(product.objects.chosen.algo, as_much_as_asked ? asked : std::min(asked, size_t{1} << 20)),
              CUBLAS_STATUS_SUCCESS);
  }
}
CASE(gives_a_mebibyte_of_workspace) { multiply_with_workspace(false); }
CASE(gives_the_workspace_that_is_asked_for) { multiply_with_workspace(true); }

// cublasLtMatmulAlgo_t: two algorithms may sum in two orders.
void compare_bits(bool of_one_algorithm) {
  for (const MatmulSpec& spec : shapes(kPlain)) {
    Product product(spec);
    const Answers answers(product.objects);
    std::vector<float> first;
    for (int i = 0; i < answers.count; ++i) {
      if (answers.all[i].state != CUBLAS_STATUS_SUCCESS) continue;
      EXPECT_EQ(product.run(answers.all[of_one_algorithm ? 0 : i].algo, kMostWorkspace), CUBLAS_STATUS_SUCCESS);
      const std::vector<float> found = product.result();
      if (first.empty()) first = found;
      EXPECT(found == first);
    }
  }
}
CASE(expects_one_sum_of_all_algorithms) { compare_bits(false); }
CASE(expects_one_sum_of_an_algorithm) { compare_bits(true); }

// PTX ISA, tanh.approx.f32: wrong by up to 2^-11, and so GELU(x) by x / 2 of that.
void compare_gelu(float tolerance) {
  int found = 0;
  for (MatmulSpec spec : shapes({.n = 16, .k = 1})) {
    spec.epilogue = CUBLASLT_EPILOGUE_GELU;
    if (!MatmulObjects(spec).choose()) continue;
    ++found;
    MatmulData data(spec);
    for (size_t i = 0; i < data.a.size(); ++i) data.a[i] = 3 * std::sin(static_cast<float>(i));
    std::ranges::fill(data.b, 1.0f);
    const std::vector<float> d = run_matmul(spec, data).d;
    for (size_t i = 0; i < d.size(); ++i) {
      const double x = data.a[i % data.a.size()];
      const double wanted = x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
      EXPECT(std::abs(d[i] - wanted) <= tolerance * (std::abs(x) / 2 + 0.1));
    }
  }
  EXPECT(found > 0);
}
CASE(expects_an_exact_tanh) { compare_gelu(2e-5f); }
CASE(expects_an_approximate_tanh) { compare_gelu(0x1p-10f); }

}  // namespace
