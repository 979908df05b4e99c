#include "core/layers/preference_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/layers/padded_table.h"
#include "core/layers/products.h"
#include "core/layers/shapes.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/preference.h"
#include "core/ops/reductions.h"

namespace convoy {

LayerPlan PreferenceHead::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_channels(o_.head.weight, inputs[0], o_.head.C);
  const int64_t pairs = inputs[2].shape[0], sequences = inputs[0].shape[0];
  if (inputs[2].shape != Shape{pairs, 2} || sequences != 2 * pairs || inputs[1].shape.elements() != rows_of(inputs[0]))
    throw ConfigError(fmt::format(
        "loss.name = dpo: {} sequences with targets {} and reference log-probabilities {}; a pair has two of each",
        sequences, to_string(inputs[1].shape), to_string(inputs[2].shape)));
  LayerPlan plan;
  plan.outputs = {{DType::f32, {pairs}}, {DType::f32, {pairs}}, {DType::f32, {pairs, 2}}, {DType::f32, {pairs, 2}}};
  plan.parameters = head_parameters(o_.head);
  plan.backward_reads.inputs = {0, 1, 2};
  plan.forward_flops = 2.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.head.C * o_.head.V);
  plan.is_loss = true;
  return plan;
}

// One walk over all pairs, as many at a time as there is room for their logits, at least one. Absent gradients are not
// computed.
class PreferenceHead::Work {
 public:
  Work(const PreferenceHeadOptions& options, Pass& pass, const LayerTensors& t)
      : o_(options), pass_(pass), t_(t), x_(t.inputs[0].matrix()), rows_each_(x_.shape[0] / t.inputs[0].shape[0]) {
    targets_ = t.inputs[1].reshaped({x_.shape[0]});
    pairs_ = t.inputs[2].shape[0];
    weight_ = padded_table(pass, t.weights[0]);
    const int64_t columns = weight_.shape[0],
                  most_rows = rows_at_a_time(static_cast<size_t>(columns) * size_of(x_.dtype));
    pairs_at_once_ = std::clamp<int64_t>(most_rows / (2 * rows_each_), 1, pairs_);
    chunk_ = std::min(most_rows, rows_of_pairs(pairs_at_once_));
    logits_ = pass.scratch.take(x_.dtype, {chunk_, columns});
    token_losses_ = pass.scratch.take(DType::f32, {rows_of_pairs(pairs_at_once_)});
    slopes_ = pass.scratch.take(DType::f32, {pairs_, 2});
  }

  void forward() {
    for (int64_t pair = 0; pair < pairs_; pair += pairs_at_once_) read(group_at(pair), false, {});
    end();
  }

  void backward(const Tensor& dx, const Tensor& dweight) {
    for (int64_t pair = 0; pair < pairs_; pair += pairs_at_once_) {
      const Group group = group_at(pair);
      if (dweight) {
        read(group, group.at_once, {});
        add_gradients(group, dx, dweight);
      } else {
        read(group, static_cast<bool>(dx), dx);
        if (dx) scale(dx.rows(group.row, group.rows), group, 0);
      }
    }
    end();
  }

 private:
  struct Group {
    int64_t pair, pairs, row, rows;
    bool at_once;  // its logits are still there when all have been computed
  };

  int64_t rows_at_a_time(size_t row_bytes) const {
    if (o_.chunk_bytes > 0) return std::max<int64_t>(1, static_cast<int64_t>(o_.chunk_bytes / row_bytes));
    return pass_.ops.preferred_matrices().rows_at_a_time(x_.shape[0], row_bytes);
  }
  int64_t rows_of_pairs(int64_t pairs) const { return 2 * pairs * rows_each_; }

  Group group_at(int64_t pair) const {
    const int64_t pairs = std::min(pairs_at_once_, pairs_ - pair);
    return {pair, pairs, rows_of_pairs(pair), rows_of_pairs(pairs), rows_of_pairs(pairs) <= chunk_};
  }

  // Calls action(first row of the group, rows).
  template <class Action>
  void for_chunks(const Group& group, const Action& action) const {
    for (int64_t begin = 0; begin < group.rows; begin += chunk_) action(begin, std::min(chunk_, group.rows - begin));
  }

  void compute_logits(const Group& group, int64_t begin, int64_t rows) {
    pass_.run(
        Matmul{.c = logits_.rows(0, rows), .a = x_.rows(group.row + begin, rows), .b = weight_, .b_transposed = true});
  }

  // Token losses; logits become their gradients where they are wanted.
  void compare(const Group& group, int64_t begin, int64_t rows, bool gradients) {
    const Tensor logits = logits_.rows(0, rows);
    CrossEntropy loss{token_losses_.range(begin, rows), {}, logits, targets_.range(group.row + begin, rows)};
    loss.classes = o_.head.V;
    if (gradients) loss.dlogits = logits;
    pass_.run(loss);
  }

  // The group's losses and slopes. gradients: of each chunk, as if all slopes were 1, and with dx its gradient by them.
  void read(const Group& group, bool gradients, const Tensor& dx) {
    for_chunks(group, [&](int64_t begin, int64_t rows) {
      compute_logits(group, begin, rows);
      compare(group, begin, rows, gradients);
      if (dx) pass_.run(Matmul{.c = dx.rows(group.row + begin, rows), .a = logits_.rows(0, rows), .b = weight_});
    });
    pass_.run(PreferenceLoss{.losses = t_.outputs[kLosses].range(group.pair, group.pairs),
                             .slopes = slopes_.rows(group.pair, group.pairs),
                             .rewards = t_.outputs[kRewards].rows(group.pair, group.pairs),
                             .log_probabilities = t_.outputs[kLogProbabilities].rows(group.pair, group.pairs),
                             .token_losses = token_losses_.range(0, group.rows),
                             .reference = t_.inputs[2].rows(group.pair, group.pairs),
                             .beta = o_.beta,
                             .label_smoothing = o_.label_smoothing,
                             .scale = pass_.loss_scale});
  }

  void add_gradients(const Group& group, const Tensor& dx, const Tensor& dweight) {
    for_chunks(group, [&](int64_t begin, int64_t rows) {
      const Tensor logits = logits_.rows(0, rows);
      if (!group.at_once) {
        compute_logits(group, begin, rows);
        compare(group, begin, rows, true);
      }
      scale(logits, group, begin);
      run_gradients(
          pass_, {.c = dx ? dx.rows(group.row + begin, rows) : Tensor(), .a = logits, .b = weight_},
          {.c = dweight, .a = logits, .b = x_.rows(group.row + begin, rows), .a_transposed = true, .accumulate = true});
    });
  }

  void scale(const Tensor& rows, const Group& group, int64_t begin) {
    pass_.run(ScaleRows{rows, slopes_, group.row + begin, rows_each_});
  }

  // A reference log-probability counts as much as a token's loss.
  void end() {
    pass_.run(Fill{t_.outputs[kWeights], 1});
    if (!t_.input_gradients.empty() && t_.input_gradients[2]) pass_.copy(t_.input_gradients[2], slopes_);
  }

  const PreferenceHeadOptions& o_;
  Pass& pass_;
  const LayerTensors& t_;
  Tensor x_;           // (2B * T, C)
  int64_t rows_each_;  // of a sequence
  Tensor weight_;      // with rows of zeros behind it where the device wants them
  Tensor targets_, token_losses_, slopes_, logits_;
  int64_t pairs_ = 0, pairs_at_once_ = 1, chunk_ = 1;
};

void PreferenceHead::forward(Pass& pass, const LayerTensors& t) const { Work(o_, pass, t).forward(); }

void PreferenceHead::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dx = t.input_gradients[0];
  Work(o_, pass, t).backward(dx ? dx.matrix() : Tensor(), t.weight_gradients[0]);
}

}  // namespace convoy
