// The operators of the CPU, each in a file of its name or of its kind. What it means: core/ops. Matrix products:
// product/matmul.h.
#pragma once

#include "core/device/stream.h"
#include "core/ops/activation.h"
#include "core/ops/attention.h"
#include "core/ops/batch_norm.h"
#include "core/ops/combine.h"
#include "core/ops/convolution.h"
#include "core/ops/copy_columns.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/diagonal_blocks.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/gate.h"
#include "core/ops/matrix_polynomial.h"
#include "core/ops/moving_average.h"
#include "core/ops/norm.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/pooling.h"
#include "core/ops/preference.h"
#include "core/ops/reductions.h"
#include "core/ops/rotary.h"
#include "core/ops/scale_bytes.h"
#include "core/ops/softmax.h"
#include "core/ops/swiglu.h"

namespace convoy::cpu {

void norm_forward(Stream& stream, const NormForward& args);
void norm_backward(Stream& stream, const NormBackward& args, const Tensor& scratch);
size_t norm_backward_scratch_bytes(const NormBackward& args);
void column_moments(Stream& stream, const ColumnMoments& args, const Tensor& scratch);
size_t column_moments_scratch_bytes(const ColumnMoments& args);
void column_normalise(Stream& stream, const ColumnNormalise& args, const Tensor& scratch);
size_t column_normalise_scratch_bytes(const ColumnNormalise& args);
void batch_norm_backward(Stream& stream, const BatchNormBackward& args, const Tensor& scratch);
size_t batch_norm_backward_scratch_bytes(const BatchNormBackward& args);
void average_change(Stream& stream, const AverageChange& args);
void attention_forward(Stream& stream, const AttentionForward& args);
void cache_append(Stream& stream, const CacheAppend& args);
void attention_backward(Stream& stream, const AttentionBackward& args);
void embedding_forward(Stream& stream, const EmbeddingForward& args);
void embedding_backward(Stream& stream, const EmbeddingBackward& args);
void activation_forward(Stream& stream, const ActivationForward& args);
void activation_backward(Stream& stream, const ActivationBackward& args);
void dropout_apply(Stream& stream, const DropoutApply& args);
void convolution_forward(Stream& stream, const ConvolutionForward& args, const Tensor& scratch);
size_t convolution_forward_scratch_bytes(const ConvolutionForward& args);
void convolution_backward_input(Stream& stream, const ConvolutionBackwardInput& args, const Tensor& scratch);
size_t convolution_backward_input_scratch_bytes(const ConvolutionBackwardInput& args);
void convolution_backward_weight(Stream& stream, const ConvolutionBackwardWeight& args, const Tensor& scratch);
size_t convolution_backward_weight_scratch_bytes(const ConvolutionBackwardWeight& args);
void max_pool_forward(Stream& stream, const MaxPoolForward& args);
void max_pool_backward(Stream& stream, const MaxPoolBackward& args);
void average_pool_forward(Stream& stream, const AveragePoolForward& args);
void average_pool_backward(Stream& stream, const AveragePoolBackward& args);
void cross_entropy(Stream& stream, const CrossEntropy& args);
void combine(Stream& stream, const Combine& args);
void gate(Stream& stream, const Gate& args);
void gate_gradient(Stream& stream, const GateGradient& args);
void copy_columns(Stream& stream, const CopyColumns& args);
void spread_blocks(Stream& stream, const SpreadBlocks& args);
void add_blocks(Stream& stream, const AddBlocks& args);
void scale_bytes(Stream& stream, const ScaleBytes& args);
void softmax_forward(Stream& stream, const SoftmaxForward& args);
void softmax_backward(Stream& stream, const SoftmaxBackward& args);
void weighted_cross_entropy(Stream& stream, const WeightedCrossEntropy& args);
void rotary_forward(Stream& stream, const RotaryForward& args);
void rotary_backward(Stream& stream, const RotaryBackward& args, const Tensor& scratch);
size_t rotary_backward_scratch_bytes(const RotaryBackward& args);
void swiglu_forward(Stream& stream, const SwiGluForward& args);
void swiglu_backward(Stream& stream, const SwiGluBackward& args);
void pointwise_loss(Stream& stream, const PointwiseLoss& args);
void fill(Stream& stream, const Fill& args);
void sum(Stream& stream, const Sum& args);
void column_sums(Stream& stream, const ColumnSums& args);
void sum_squares(Stream& stream, const SumSquares& args);
void clip_factor(Stream& stream, const ClipFactor& args);
void add(Stream& stream, const Add& args);
void tree_sum(Stream& stream, const TreeSum& args);
void cast(Stream& stream, const Cast& args);
void unit_norm(Stream& stream, const UnitNorm& args);
void matrix_polynomial(Stream& stream, const MatrixPolynomial& args);
void preference_loss(Stream& stream, const PreferenceLoss& args);
void scale_rows(Stream& stream, const ScaleRows& args);
void moving_average(Stream& stream, const MovingAverage& args);
void swap(Stream& stream, const Swap& args);
void statistics(Stream& stream, const Statistics& args);

}  // namespace convoy::cpu
