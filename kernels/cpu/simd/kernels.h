// The inner loops of the operators, compiled for AVX2 and for AVX-512. Both variants give the same bits.
//
// Each function is serial and does one piece of an operator: the rows [begin, end), or the elements. The operators'
// own files cut the work into pieces and run them in parallel. How kernels are written: begin_avx2.h.
#pragma once

#include <cstdint>

#include "core/ops/attention.h"
#include "core/ops/batch_norm.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/moving_average.h"
#include "core/ops/norm.h"
#include "core/ops/reductions.h"
#include "core/ops/softmax.h"

namespace convoy::cpu {

// What memory is requested for. A line that is only read may stay in the caches of other cores; to write it this core
// must own it alone, which takes as long again if it is asked for later.
enum class Access : uint8_t { read, write };

// One chunk of sums of Statistics.
struct StatisticsPart {
  float min, max;
  double sum, sum_of_magnitudes;
  int64_t finite, not_finite;
};

struct RowKernels {
  void (*norm_forward)(const NormForward& args, int64_t begin, int64_t end);
  // partial: sums of these rows for dweight and, of layer norm, dbias, a row of C each, written.
  void (*norm_backward)(const NormBackward& args, int64_t begin, int64_t end, float* partial);
  void (*embedding_forward)(const EmbeddingForward& args, int64_t begin, int64_t end);
  // Columns [begin, end) of the token table's rows whose number is `part` modulo `parts`.
  void (*embedding_backward_tokens)(const EmbeddingBackward& args, int64_t begin, int64_t end, int part, int parts);
  // Positions [begin, end).
  void (*embedding_backward_positions)(const EmbeddingBackward& args, int64_t begin, int64_t end);
  // The same where documents have positions of their own: columns of some rows, as of tokens.
  void (*embedding_backward_document_positions)(const EmbeddingBackward& args, int64_t begin, int64_t end, int part,
                                                int parts);
  void (*dropout_apply)(const DropoutApply& args, int64_t begin, int64_t end);
  void (*cross_entropy)(const CrossEntropy& args, int64_t begin, int64_t end);
  // Of rows [begin, end) to two rows of C each: mean and sum of squared distances from it; sums of dy and dy times the
  // distance of x from the mean.
  void (*column_moments)(const Tensor& x, int64_t begin, int64_t end, float* moments);
  void (*batch_norm_sums)(const BatchNormBackward& args, int64_t begin, int64_t end, float* sums);
  // Columns [begin, end) of the moments of `count` chunks of `rows` rows to those of all.
  void (*join_moments)(const ColumnMoments& args, const float* moments, int64_t rows, int64_t count, int64_t begin,
                       int64_t end);
  // columns: three rows of C, as batch_norm_kernels.h says; of column_normalise each `fold` times over.
  void (*column_normalise)(const ColumnNormalise& args, const float* columns, int64_t fold, int64_t begin, int64_t end);
  void (*batch_norm_input_gradient)(const BatchNormBackward& args, const float* columns, int64_t begin, int64_t end);
  void (*weighted_cross_entropy)(const WeightedCrossEntropy& args, int64_t begin, int64_t end);
  void (*softmax_forward)(const SoftmaxForward& args, int64_t begin, int64_t end);
  void (*softmax_backward)(const SoftmaxBackward& args, int64_t begin, int64_t end);
};

struct RangeKernels {
  float (*sum)(const float* x, int64_t n);
  float (*sum_squares)(const float* x, int64_t n);
  void (*add)(const Add& args, int64_t begin, int64_t end);
  void (*tree_sum)(const TreeSum& args, int64_t begin, int64_t end);
  void (*cast)(const Cast& args, int64_t begin, int64_t end);
  void (*moving_average)(const MovingAverage& args, int64_t begin, int64_t end);
  void (*column_sums)(const ColumnSums& args, int64_t begin, int64_t end);  // columns
  StatisticsPart (*statistics)(const Tensor& x, int64_t begin, int64_t end);
  void (*add_rows)(float* sum, const float* rows, int64_t count, int64_t stride, int64_t n);  // sum += rows, in order
};

// Queries [begin, end) of one sample and head.
struct AttentionPiece {
  int64_t sample = 0, head = 0, begin = 0, end = 0;
};

// next: what this thread will probably do next. Its operands are requested from memory, nothing else depends on it.
struct AttentionKernels {
  void (*forward)(const AttentionForward& args, const AttentionPiece& piece, const AttentionPiece& next);
  // All queries of all query heads that share the key head. sums: 2 x (padded Tk, padded D), see attention.cpp.
  void (*backward)(const AttentionBackward& args, const AttentionPiece& piece, const AttentionPiece& next, float* sums);
  // One query, without dropout; to the bits that forward gives it.
  void (*decode)(const AttentionForward& args, int64_t sample, int64_t head, int64_t query);
};

// Queries and keys of a tile.
inline constexpr int64_t kAttentionTile = 64;

// Of the active instruction set, see cpu_isa.h.
const RowKernels& row_kernels();
const RangeKernels& range_kernels();
const AttentionKernels& attention_kernels();

namespace avx2 {
extern const RowKernels row_kernels;
extern const RangeKernels range_kernels;
extern const AttentionKernels attention_kernels;
}  // namespace avx2
namespace avx512 {
extern const RowKernels row_kernels;
extern const RangeKernels range_kernels;
extern const AttentionKernels attention_kernels;
}  // namespace avx512

}  // namespace convoy::cpu
