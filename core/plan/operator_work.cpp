#include "core/plan/operator_work.h"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <unordered_map>

#include "core/layers/pass.h"
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
#include "core/ops/matmul.h"
#include "core/ops/moving_average.h"
#include "core/ops/norm.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/pooling.h"
#include "core/ops/preference.h"
#include "core/ops/reductions.h"
#include "core/ops/rotary.h"
#include "core/ops/scale_bytes.h"
#include "core/ops/softmax.h"
#include "core/ops/swiglu.h"
#include "core/optimizer/rules/rules.h"

namespace convoy {
namespace {

using Works = std::vector<OperatorWork>;

double bytes_of(std::initializer_list<const Tensor*> tensors) {
  double bytes = 0;
  for (const Tensor* tensor : tensors)
    if (*tensor) bytes += static_cast<double>(tensor->bytes());
  return bytes;
}

// Tensors that are read, or written, once; a tensor that is read and written stands there twice.
Works streams(std::initializer_list<const Tensor*> tensors) { return {{.bytes = bytes_of(tensors)}}; }

OperatorWork work_of(const Matmul& p) {
  OperatorWork work;
  work.product = ProductWork{
      .m = p.c.shape[0], .n = p.c.shape[1], .k = p.a_transposed ? p.a.shape[0] : p.a.shape[1], .dtype = p.a.dtype};
  work.bytes = bytes_of({&p.a, &p.b, &p.c, &p.bias, &p.pre_activation});
  if (p.accumulate) work.bytes += static_cast<double>(p.c.bytes());
  work.written = static_cast<double>(p.c.bytes());
  if (p.derivative_of == Activation::none) work.written += bytes_of({&p.pre_activation});
  return work;
}

double scores_of(const AttentionShape& s) {
  if (!s.causal) return static_cast<double>(s.B * s.H) * static_cast<double>(s.Tq * s.Tk);
  double scores = 0;
  for (int64_t query = 0; query < s.Tq; ++query) {
    const int64_t keys = query + s.Tk - s.Tq + 1;
    scores += static_cast<double>(s.window > 0 ? std::min(keys, s.window) : keys);
  }
  return static_cast<double>(s.B * s.H) * scores;
}

double bytes_of(const AttentionShape& s, double queries, double keys) {
  const auto of = [&](int64_t tokens, int64_t heads) { return static_cast<double>(s.B * tokens * heads * s.D); };
  return (queries * of(s.Tq, s.H) + keys * of(s.Tk, s.Hkv)) * static_cast<double>(size_of(s.dtype));
}

// q, y; k, v. With dy, dq; dk, dv backward, where scores and gradients are gone through with q and dy once more.
Works work_of(const AttentionShape& s, bool backward) {
  OperatorWork work{.bytes = backward ? bytes_of(s, 4, 4) : bytes_of(s, 2, 2)};
  work.attention = AttentionWork{scores_of(s), s.D, s.Tk, s.dtype, backward};
  return {work};
}

Works work_of(const ConvolutionShape& s, double bytes) {
  OperatorWork work{.bytes = bytes};
  work.product = ProductWork{.m = s.B * s.Hout * s.Wout * s.groups,
                             .n = s.group_outputs(),
                             .k = s.kernel_h * s.kernel_w * s.group_inputs(),
                             .dtype = s.dtype};
  return {work};
}

// Gradient, weights and states are read, and all but the gradient written.
template <class Rule>
Works work_of(const OptimizerUpdate<Rule>& a) {
  double bytes = bytes_of({&a.gradient, &a.weights, &a.master, &a.master, &a.decays});
  if (!a.master) bytes += bytes_of({&a.weights});
  for (const Tensor& state : a.states) bytes += bytes_of({&state, &state});
  return {{.bytes = bytes}};
}

double heads_bytes(const RotaryShape& s, const Tensor& x) {
  const double width = static_cast<double>(x.shape[x.shape.dims() - 1]);
  return static_cast<double>(x.bytes()) / width * static_cast<double>(s.heads() * s.D);
}

class Table {
 public:
  Table() {
    add_products();
    add_token_operators();
    add_norms_and_losses();
    add_pictures();
    add_simple();
    add_updates(OptimizerRules{});
  }

  const std::function<Works(const void*)>* find(std::type_index type) const {
    const auto found = table_.find(type);
    return found == table_.end() ? nullptr : &found->second;
  }

 private:
  template <class Args, class Function>
  void add(Function function) {
    table_[typeid(Args)] = [function](const void* args) -> Works { return function(*static_cast<const Args*>(args)); };
  }

  void add_products() {
    add<Matmul>([](const Matmul& a) { return Works{work_of(a)}; });
    add<MatmulPair>([](const MatmulPair& a) { return Works{work_of(a.first), work_of(a.second)}; });
    add<AttentionForward>([](const AttentionForward& a) { return work_of(a.shape, false); });
    add<AttentionBackward>([](const AttentionBackward& a) { return work_of(a.shape, true); });
    add<ConvolutionForward>([](const ConvolutionForward& a) {
      return work_of(a.shape, bytes_of({&a.y, &a.x, &a.weight, &a.bias}));
    });
    add<ConvolutionBackwardInput>([](const ConvolutionBackwardInput& a) {
      return work_of(a.shape, bytes_of({&a.dx, &a.dy, &a.weight}));
    });
    add<ConvolutionBackwardWeight>([](const ConvolutionBackwardWeight& a) {
      return work_of(a.shape, bytes_of({&a.dweight, &a.dweight, &a.x, &a.dy}));
    });
  }

  void add_token_operators() {
    // Rows of tables are read at random, as many bytes as y has.
    add<EmbeddingForward>([](const EmbeddingForward& a) { return streams({&a.y, &a.y, &a.tokens}); });
    add<EmbeddingBackward>([](const EmbeddingBackward& a) { return streams({&a.dy, &a.dy, &a.dy, &a.tokens}); });
    add<RotaryForward>(
        [](const RotaryForward& a) { return Works{{.bytes = 2 * heads_bytes(a.shape, a.x) + bytes_of({&a.kept})}}; });
    add<RotaryBackward>(
        [](const RotaryBackward& a) { return Works{{.bytes = 2 * heads_bytes(a.shape, a.dx) + bytes_of({&a.kept})}}; });
    add<SwiGluForward>([](const SwiGluForward& a) { return streams({&a.y, &a.x}); });
    add<SwiGluBackward>([](const SwiGluBackward& a) { return streams({&a.dx, &a.y, &a.dy, &a.x}); });
  }

  void add_norms_and_losses() {
    add<NormForward>([](const NormForward& a) { return streams({&a.y, &a.residual, &a.x, &a.branch}); });
    add<NormBackward>([](const NormBackward& a) {
      return streams({&a.dx, &a.dbranch, &a.dy, &a.dresidual_out, &a.residual});
    });
    add<ColumnMoments>([](const ColumnMoments& a) { return streams({&a.x}); });
    add<ColumnNormalise>([](const ColumnNormalise& a) { return streams({&a.y, &a.x}); });
    add<BatchNormBackward>([](const BatchNormBackward& a) { return streams({&a.dx, &a.dy, &a.x, &a.dy, &a.x}); });
    add<AverageChange>([](const AverageChange& a) { return streams({&a.change, &a.change, &a.measured, &a.average}); });
    add<CrossEntropy>([](const CrossEntropy& a) { return streams({&a.logits, &a.dlogits}); });
    add<WeightedCrossEntropy>([](const WeightedCrossEntropy& a) { return streams({&a.logits, &a.dlogits}); });
    add<PointwiseLoss>([](const PointwiseLoss& a) { return streams({&a.losses, &a.x, &a.target, &a.dx, &a.dtarget}); });
    add<PreferenceLoss>([](const PreferenceLoss& a) { return streams({&a.token_losses}); });
    add<ScaleRows>([](const ScaleRows& a) { return streams({&a.x, &a.x}); });
    add<SoftmaxForward>([](const SoftmaxForward& a) { return streams({&a.y, &a.x}); });
    add<SoftmaxBackward>([](const SoftmaxBackward& a) { return streams({&a.dx, &a.dy, &a.y}); });
  }

  void add_pictures() {
    add<MaxPoolForward>([](const MaxPoolForward& a) { return streams({&a.y, &a.places, &a.x}); });
    add<MaxPoolBackward>([](const MaxPoolBackward& a) { return streams({&a.dx, &a.dy, &a.places}); });
    add<AveragePoolForward>([](const AveragePoolForward& a) { return streams({&a.y, &a.x}); });
    add<AveragePoolBackward>([](const AveragePoolBackward& a) { return streams({&a.dx, &a.dy}); });
    add<ScaleBytes>([](const ScaleBytes& a) { return streams({&a.y, &a.x}); });
    add<Gate>([](const Gate& a) { return streams({&a.y, &a.x, &a.gate}); });
    add<GateGradient>([](const GateGradient& a) { return streams({&a.dgate, &a.dy, &a.x}); });
  }

  void add_simple() {
    add<CopyBytes>([](const CopyBytes& a) { return Works{{.bytes = 2.0 * static_cast<double>(a.bytes)}}; });
    add<CopyColumns>([](const CopyColumns& a) {
      return Works{
          {.bytes = 2.0 * static_cast<double>(a.to.shape[0] * a.columns) * static_cast<double>(size_of(a.to.dtype))}};
    });
    add<Combine>([](const Combine& a) {
      double bytes = bytes_of({&a.y});
      for (int i = 0; i < a.count; ++i) bytes += bytes_of({&a.inputs[static_cast<size_t>(i)]});
      return Works{{.bytes = bytes}};
    });
    add<SpreadBlocks>([](const SpreadBlocks& a) { return streams({&a.wide, &a.stacked}); });
    add<AddBlocks>([](const AddBlocks& a) { return streams({&a.stacked, &a.stacked, &a.stacked}); });
    add<DropoutApply>([](const DropoutApply& a) { return streams({&a.y, &a.x}); });
    add<ActivationForward>([](const ActivationForward& a) { return streams({&a.y, &a.x}); });
    add<ActivationBackward>([](const ActivationBackward& a) { return streams({&a.dx, &a.dy, &a.at}); });
    add<Add>([](const Add& a) { return streams({&a.y, &a.y, &a.x}); });
    add<Cast>([](const Cast& a) { return streams({&a.y, &a.x}); });
    add<Fill>([](const Fill& a) { return streams({&a.x}); });
    add<ColumnSums>([](const ColumnSums& a) { return streams({&a.x}); });
    add<Sum>([](const Sum& a) { return streams({&a.x}); });
    add<SumSquares>([](const SumSquares& a) { return streams({&a.x}); });
  }

  template <class... Rules>
  void add_updates(RuleList<Rules...>) {
    (add<OptimizerUpdate<Rules>>([](const OptimizerUpdate<Rules>& a) { return work_of(a); }), ...);
    add<MovingAverage>([](const MovingAverage& a) { return streams({&a.average, &a.average, &a.weights}); });
    add<Swap>([](const Swap& a) { return streams({&a.a, &a.a, &a.b, &a.b}); });
  }

  std::unordered_map<std::type_index, std::function<Works(const void*)>> table_;
};

}  // namespace

std::optional<std::vector<OperatorWork>> operator_work(std::type_index type, const void* args) {
  static const Table table;
  const auto* known = table.find(type);
  return known == nullptr ? std::nullopt : std::optional((*known)(args));
}

}  // namespace convoy
