#include "kernels/cuda/cuda_ops.h"

#include "core/ops/matmul_pair.h"
#include "kernels/cuda/cuda_products.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/optimizer_update.h"

namespace convoy::cuda {

// Rows and columns in whole tiles of the fastest products. Enough rows at a time that adding to a weight's gradient,
// which reads and writes all of it, costs little beside the product; so few that they take 1 GiB at the most.
static constexpr PreferredMatrices kMatrices{
    .column_unit = 128, .row_unit = 128, .most_rows = 8192, .most_bytes = size_t{1} << 30};

CudaOps::CudaOps(size_t shared_bytes_limit, bool tf32)
    : Ops("cuda", kMatrices), products_(std::make_unique<CudaProducts>(tf32)) {
  add<Matmul>(
      [this](Stream& stream, const Matmul& args, const Tensor& scratch) { products_->run(stream, args, scratch); },
      [this](const Matmul& args) { return products_->scratch_bytes(args); });
  // One after the other: each product fills the device.
  add<MatmulPair>([this](Stream& stream, const MatmulPair& args,
                         const Tensor& scratch) { run_in_turn(*this, stream, args, scratch); },
                  [this](const MatmulPair& args) { return scratch_bytes_in_turn(*this, args); });
  add<NormForward>(norm_forward);
  add<NormBackward>(norm_backward, norm_backward_scratch_bytes);
  add<ColumnMoments>(column_moments, column_moments_scratch_bytes);
  add<ColumnNormalise>(column_normalise);
  add<BatchNormBackward>(batch_norm_backward, batch_norm_backward_scratch_bytes);
  add<AverageChange>(average_change);
  add<AttentionForward>(attention_forward, attention_forward_scratch_bytes);
  add<CacheAppend>(cache_append);
  add<AttentionBackward>(attention_backward, attention_backward_scratch_bytes);
  add<EmbeddingForward>(embedding_forward);
  add<EmbeddingBackward>(embedding_backward, embedding_backward_scratch_bytes);
  add<ActivationForward>(activation_forward);
  add<ActivationBackward>(activation_backward);
  add<DropoutApply>(dropout_apply);
  const auto with_tf32 = [tf32](auto convolution) {
    return [tf32, convolution](Stream& stream, const auto& args, const Tensor& scratch) {
      convolution(stream, args, scratch, tf32);
    };
  };
  add<ConvolutionForward>(with_tf32(convolution_forward), convolution_forward_scratch_bytes);
  add<ConvolutionBackwardInput>(with_tf32(convolution_backward_input), convolution_backward_input_scratch_bytes);
  add<ConvolutionBackwardWeight>(with_tf32(convolution_backward_weight), convolution_backward_weight_scratch_bytes);
  add<MaxPoolForward>(max_pool_forward);
  add<MaxPoolBackward>(max_pool_backward);
  add<AveragePoolForward>(average_pool_forward);
  add<AveragePoolBackward>(average_pool_backward);
  add<CrossEntropy>(
      [limit = shared_bytes_limit](Stream& stream, const CrossEntropy& args) { cross_entropy(stream, args, limit); });
  std::apply([this](const auto&... update) { (add_update(update), ...); }, optimizer_updates());
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
  add<ColumnSums>(column_sums, column_sums_scratch_bytes);
  add<SumSquares>(sum_squares);
  add<ClipFactor>(clip_factor);
  add<Add>(cuda::add);
  add<TreeSum>(tree_sum);
  add<Cast>(cast);
  add<UnitNorm>(unit_norm);
  add<MatrixPolynomial>(matrix_polynomial);
  add<PreferenceLoss>(preference_loss);
  add<ScaleRows>(scale_rows);
  add<MovingAverage>(moving_average);
  add<Swap>(cuda::swap);
  add<Statistics>(statistics);
}

CudaOps::~CudaOps() = default;

void CudaOps::choose_by_time(Stream& stream) { products_->choose_by_time(stream); }

OperatorChoices CudaOps::choices() const { return products_->choices(); }

size_t CudaOps::adopt(const OperatorChoices& choices) { return products_->adopt(choices); }

}  // namespace convoy::cuda
