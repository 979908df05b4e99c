// Not one bit of a product may depend on the number of threads, on where the operands lie or on the stream.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "core/ops/matmul.h"
#include "kernels/cpu/cpu_stream.h"
#include "kernels/cpu/product/cache.h"
#include "kernels/cpu/product/matmul.h"
#include "kernels/cpu/team.h"
#include "tests/kernels/matmul_case.h"

namespace convoy::test {
namespace {

class Threads {
 public:
  explicit Threads(int threads) { cpu::Team::resize(threads); }
  ~Threads() { cpu::Team::resize(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = cpu::Team::size();
};

struct Bits {
  std::vector<std::byte> c, pre_activation, column_sums;
  bool operator==(const Bits&) const = default;
};

Bits bits_of(const MatmulCase& test, const MatmulOptions& options) {
  Bits bits{test.c.bits(), {}, {}};
  if (options.pre_activation) bits.pre_activation = test.pre_activation.bits();
  if (options.column_sums) bits.column_sums = test.column_sums.bits();
  return bits;
}

Bits compute(cpu::ProductCache& products, const MatmulOptions& options, StreamKind kind, int64_t offset) {
  MatmulCase test(options, offset);
  const auto stream = cpu::make_cpu_stream(kind);
  test.run([&](const Matmul& matmul) {
    cpu::run_matmul(products, *stream, matmul);
    stream->synchronize();
  });
  return bits_of(test, options);
}

std::array<Bits, 2> compute_pair(const MatmulOptions& first, const MatmulOptions& second, StreamKind kind) {
  cpu::ProductCache products;
  MatmulCase one(first), two(second);
  const auto stream = cpu::make_cpu_stream(kind);
  one.run([&](const Matmul& one_args) {
    two.run([&](const Matmul& two_args) {
      cpu::run_matmul(products, *stream, MatmulPair{one_args, two_args});
      stream->synchronize();
    });
  });
  return {bits_of(one, first), bits_of(two, second)};
}

std::vector<MatmulOptions> many_products() {
  std::vector<MatmulOptions> all;
  for (const auto& [M, N, K] : {std::tuple{1, 384, 384},
                                {17, 65, 257},
                                {513, 769, 16},
                                {256, 128, 256},
                                {96, 384, 530},
                                {40, 1000, 33},
                                {300, 70, 900}})
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const bool a_transposed : {false, true})
        for (const int form : {0, 1, 2, 3}) {
          MatmulOptions o{.M = M, .N = N, .K = K, .input = dtype, .output = dtype, .a_transposed = a_transposed};
          o.b_transposed = form == 1;
          o.accumulate = o.column_sums = form == 2;
          if (form == 3) o.bias = o.pre_activation = true, o.activation = Activation::gelu_tanh;
          all.push_back(o);
        }
  return all;
}

TEST(MatmulBits, DoNotDependOnTheNumberOfThreads) {
  for (const MatmulOptions& options : many_products()) {
    cpu::ProductCache products;
    const Bits expected = [&] {
      const Threads one(1);
      return compute(products, options, StreamKind::compute, 0);
    }();
    for (const int threads : {2, 3}) {
      const Threads several(threads);
      EXPECT_EQ(compute(products, options, StreamKind::compute, 0), expected) << to_string(options);
      cpu::ProductCache compiled_here;
      EXPECT_EQ(compute(compiled_here, options, StreamKind::compute, 0), expected)
          << "compiled with " << threads << " threads: " << to_string(options);
    }
  }
}

// Each with the one after it: large and small tiles, both kinds of product, the same compiled product twice.
TEST(MatmulBits, OfAPairAreThoseOfItsProducts) {
  std::vector<MatmulOptions> all = many_products();
  all.push_back(all.back());
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    cpu::ProductCache products;
    const std::array expected{compute(products, all[i], StreamKind::compute, 0),
                              compute(products, all[i + 1], StreamKind::compute, 0)};
    for (const int threads : {1, 2, 3}) {
      const Threads several(threads);
      EXPECT_EQ(compute_pair(all[i], all[i + 1], StreamKind::compute), expected) << to_string(all[i]);
    }
    EXPECT_EQ(compute_pair(all[i], all[i + 1], StreamKind::communication), expected) << to_string(all[i]);
  }
}

// c's rows from products of so many at a time, with rows_alike.
std::vector<std::byte> computed_by(int64_t rows, const MatmulOptions& options) {
  cpu::ProductCache products;
  const auto stream = cpu::make_cpu_stream(StreamKind::compute);
  MatmulCase test(options);
  test.run([&](const Matmul& whole) {
    for (int64_t begin = 0; begin < options.M; begin += rows) {
      Matmul some = whole;
      const int64_t count = std::min(rows, options.M - begin);
      some.c = whole.c.rows(begin, count), some.a = whole.a.rows(begin, count);
      if (whole.pre_activation) some.pre_activation = whole.pre_activation.rows(begin, count);
      some.rows_alike = true;
      cpu::run_matmul(products, *stream, some);
    }
    stream->synchronize();
  });
  if (rows == options.M) test.expect_right();
  return test.c.bits();
}

// As a text is read at once, in pieces, or token by token. N: also of no whole vector; K: of several blocks, odd.
TEST(MatmulBits, OfARowAreTheSameAmongOthers) {
  for (const auto& [N, K] : {std::pair{64, 96}, {85, 803}, {1201, 400}, {7, 31}, {33, 770}})
    for (const auto& [input, output] :
         {std::pair{DType::f32, DType::f32}, {DType::bf16, DType::bf16}, {DType::bf16, DType::f32}})
      for (const bool b_transposed : {false, true})
        for (const bool epilogue : {false, true}) {
          MatmulOptions o{.M = 150, .N = N, .K = K, .input = input, .output = output, .b_transposed = b_transposed};
          if (epilogue) o.bias = o.pre_activation = true, o.activation = Activation::gelu_tanh;
          o.accumulate = !epilogue && K <= 384;  // as an adapter adds to what its layer makes
          const std::vector<std::byte> whole = computed_by(150, o);
          for (const int64_t rows : {1, 2, 3, 4, 5, 8, 64})
            EXPECT_TRUE(computed_by(rows, o) == whole) << rows << " rows at a time: " << to_string(o);
          if (input == DType::bf16 || N < 16) continue;
          cpu::ProductCache products;  // and as training computes them
          EXPECT_TRUE(compute(products, o, StreamKind::compute, 0).c == whole) << to_string(o);
        }
}

TEST(MatmulBits, DoNotDependOnAlignmentOrStream) {
  for (const MatmulOptions& options : many_products()) {
    cpu::ProductCache products;
    const Bits expected = compute(products, options, StreamKind::compute, 0);
    for (const int64_t offset : {1, 16})
      EXPECT_EQ(compute(products, options, StreamKind::compute, offset), expected)
          << "offset " << offset << ": " << to_string(options);
    EXPECT_EQ(compute(products, options, StreamKind::communication, 0), expected) << to_string(options);
  }
}

}  // namespace
}  // namespace convoy::test
