// One attention with made-up operands, in the packed or the apart layout, and what float64 makes of it.
#pragma once

#include <string>

#include "core/ops/attention.h"
#include "core/ops/dropout.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {

struct AttentionOptions {
  int64_t B = 1, Tq = 1, Tk = 1, H = 1, Hkv = 1, D = 8;
  DType dtype = DType::f32;
  bool causal = true;
  float p = 0;
  double size = 1;  // of queries
  int64_t gap = 3;  // elements between rows
  int64_t window = 0;
  int64_t document = 0;  // tokens of the first sample's; others have longer ones; 0: `starts` is absent
  int64_t prefix = 0;    // tokens of each document's, at most; others have longer ones; 0: `prefix_ends` is absent
};

std::string to_string(const AttentionOptions& options);

// That query i of sample b sees.
int64_t first_key(const AttentionOptions& options, int64_t b, int64_t i);
int64_t end_of_keys(const AttentionOptions& options, int64_t b, int64_t i);

// All of a tensor's heads in double, dense (B, T, H, D).
struct AttentionValues {
  Values q, k, v;
};

// y (B, Tq, H, D); logsumexp (B, H, Tq) where wanted.
Values attention_f64(const AttentionOptions& o, const Dropout& dropout, const AttentionValues& in,
                     Values* logsumexp = nullptr);

// q, k and v each have a gap of some elements between rows, filled with NaN, so that strides are needed and read beyond
// shows.
class AttentionCase {
 public:
  explicit AttentionCase(const AttentionOptions& options);

  AttentionForward forward() const;    // without scratch
  AttentionBackward backward() const;  // likewise

  AttentionValues inputs() const;
  Values y() const { return values_of(y_, options.Tq, options.H); }
  Values dq() const { return values_of(dq_, options.Tq, options.H); }
  Values dk() const { return values_of(dk_, options.Tk, options.Hkv); }
  Values dv() const { return values_of(dv_, options.Tk, options.Hkv); }
  Values dy() const { return values_of(dy_, options.Tq, options.H); }
  Values logsumexp() const { return logsumexp_.values(); }
  Bits bits() const;

  AttentionOptions options;
  DropoutCase with;

 private:
  Array strided(int64_t T, int64_t heads, uint32_t seed, double factor) const;
  Heads heads(const Array& array, int64_t T) const;
  Values values_of(const Array& array, int64_t T, int64_t heads) const;
  AttentionShape shape() const;

  Array q_, k_, v_, y_, dy_, dq_, dk_, dv_, logsumexp_, starts_, prefix_ends_;
};

}  // namespace convoy::test
