// What tests of operators share: the test device's operators, and bits for several numbers of threads.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/philox.h"
#include "core/ops/dropout.h"
#include "core/ops/ops.h"
#include "kernels/cpu/team.h"
#include "tests/kernels/support/array.h"

namespace convoy::test {

class OpsTest : public ::testing::Test {
 protected:
  template <class Arguments>
  void run(const Arguments& arguments, const Tensor& scratch = {}) {
    ops_.run(test_stream(), arguments, scratch);
  }

  // Runs with scratch of exactly the size asked for, filled with NaNs: it must be written before it is read.
  template <class Arguments>
  void run_with_scratch(const Arguments& arguments) {
    const auto bytes = static_cast<int64_t>(ops_.scratch_bytes(arguments));
    const Array scratch = Array::filled({bytes}, DType::u8, 255);
    run(arguments, scratch);
  }

  // operation() returns the bits of its results; they must be the same for 1, 2 and 3 threads of a CPU, and every time.
  template <class Operation>
  void expect_same_bits_for_any_threads(const Operation& operation) {
    const int before = cpu::Team::size();
    cpu::Team::resize(1);
    const Bits expected = operation();
    for (const int threads : {2, 3}) {
      cpu::Team::resize(threads);
      EXPECT_EQ(operation(), expected) << threads << " threads";
    }
    cpu::Team::resize(before);
  }

 private:
  Ops& ops_ = test_device().ops();
};

// The tests' body on both dtypes, with the tolerance that rounding of outputs allows.
struct Precision {
  DType dtype;
  double tolerance;
};
inline constexpr Precision kPrecisions[] = {{DType::f32, 2e-5}, {DType::bf16, 1e-2}};

// A sample number beyond 2^32 / rows, so that the upper word of the index is in use.
inline constexpr int64_t kFirstSample = 4294967290;

// The formula of core/ops/dropout.h, one element at a time: 0 or 1 / (1 - p).
inline double dropout_factor(const Dropout& dropout, int64_t row, int64_t element) {
  if (dropout.p == 0) return 1;
  const auto rows = static_cast<uint64_t>(dropout.rows_per_sample), r = static_cast<uint64_t>(row);
  const auto first = static_cast<uint64_t>(kFirstSample);
  const uint64_t index = (first + r / rows) * rows + r % rows;
  const PhiloxCounter words =
      philox(philox_key(dropout.seed), {static_cast<uint32_t>(element / 4), dropout.stream,
                                        static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)});
  return philox_uniform(words[static_cast<size_t>(element % 4)]) >= dropout.p
             ? static_cast<double>(1.0f / (1.0f - dropout.p))
             : 0.0;
}

struct DropoutCase {
  Array first_sample = Array({1}, DType::i64, {static_cast<double>(kFirstSample)});
  Dropout dropout;

  DropoutCase(float p, int64_t rows_per_sample)
      : dropout{p, 0x123456789abcdefu, random_stream(RandomSite::dropout, 7), rows_per_sample, first_sample} {}
};

}  // namespace convoy::test
