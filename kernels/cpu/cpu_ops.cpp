#include "kernels/cpu/cpu_ops.h"

#include "kernels/cpu/operators.h"
#include "kernels/cpu/optimizer_update.h"
#include "kernels/cpu/product/cache.h"
#include "kernels/cpu/product/matmul.h"

namespace convoy::cpu {

// What has no scratch works in memory of its threads, thread_scratch.h.
CpuOps::CpuOps() : Ops("cpu"), products_(std::make_unique<ProductCache>()) {
  add<Matmul>([this](Stream& stream, const Matmul& args) { run_matmul(*products_, stream, args); });
  add<MatmulPair>([this](Stream& stream, const MatmulPair& args) { run_matmul(*products_, stream, args); });
  add<NormForward>(norm_forward);
  add<NormBackward>(norm_backward, norm_backward_scratch_bytes);
  add<ColumnMoments>(column_moments, column_moments_scratch_bytes);
  add<ColumnNormalise>(column_normalise, column_normalise_scratch_bytes);
  add<BatchNormBackward>(batch_norm_backward, batch_norm_backward_scratch_bytes);
  add<AverageChange>(average_change);
  add<AttentionForward>(attention_forward);
  add<CacheAppend>(cache_append);
  add<AttentionBackward>(attention_backward);
  add<EmbeddingForward>(embedding_forward);
  add<EmbeddingBackward>(embedding_backward);
  add<ActivationForward>(activation_forward);
  add<ActivationBackward>(activation_backward);
  add<DropoutApply>(dropout_apply);
  add<ConvolutionForward>(convolution_forward, convolution_forward_scratch_bytes);
  add<ConvolutionBackwardInput>(convolution_backward_input, convolution_backward_input_scratch_bytes);
  add<ConvolutionBackwardWeight>(convolution_backward_weight, convolution_backward_weight_scratch_bytes);
  add<MaxPoolForward>(max_pool_forward);
  add<MaxPoolBackward>(max_pool_backward);
  add<AveragePoolForward>(average_pool_forward);
  add<AveragePoolBackward>(average_pool_backward);
  add<CrossEntropy>(cross_entropy);
  [this]<class... Rules>(RuleList<Rules...>) {
    (add<OptimizerUpdate<Rules>>(optimizer_update<Rules>), ...);
  }(OptimizerRules{});
  add<WeightedCrossEntropy>(weighted_cross_entropy);
  add<PointwiseLoss>(pointwise_loss);
  add<SoftmaxForward>(softmax_forward);
  add<SoftmaxBackward>(softmax_backward);
  add<RotaryForward>(rotary_forward);
  add<RotaryBackward>(rotary_backward, rotary_backward_scratch_bytes);
  add<SwiGluForward>(swiglu_forward);
  add<SwiGluBackward>(swiglu_backward);
  add<Combine>(combine);
  add<Gate>(gate);
  add<GateGradient>(gate_gradient);
  add<CopyColumns>(copy_columns);
  add<SpreadBlocks>(spread_blocks);
  add<AddBlocks>(add_blocks);
  add<ScaleBytes>(scale_bytes);
  add<Fill>(fill);
  add<Sum>(sum);
  add<ColumnSums>(column_sums);
  add<SumSquares>(sum_squares);
  add<ClipFactor>(clip_factor);
  add<Add>(cpu::add);
  add<TreeSum>(tree_sum);
  add<Cast>(cast);
  add<UnitNorm>(unit_norm);
  add<MatrixPolynomial>(matrix_polynomial);
  add<PreferenceLoss>(preference_loss);
  add<ScaleRows>(scale_rows);
  add<MovingAverage>(moving_average);
  add<Swap>(cpu::swap);
  add<Statistics>(statistics);
}

CpuOps::~CpuOps() = default;

}  // namespace convoy::cpu
