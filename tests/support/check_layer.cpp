#include "tests/support/check_layer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

constexpr uint64_t kSeed = 0x123456789abcdefu;
constexpr float kLossScale = 0.25f, kMicroBatchShare = 0.125f;
constexpr double kOldGradient = 0.5;  // what weight gradients are added to
constexpr int64_t kPositions = 24;    // of each tensor that are moved

bool is_real_dtype(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16; }

Dropout dropout_of(float p, uint32_t number, int64_t rows_per_sample) {
  return {p, kSeed, random_stream(RandomSite::dropout, number), rows_per_sample, {}};
}

// Which gradients a run of backward is given, and whether memory is shared as the layer's plan says.
struct Wanted {
  std::string what;
  std::vector<bool> inputs, weights, outputs;
  bool shared = false, recompute = false;
};

class LayerRun {
 public:
  LayerRun(const LayerCase& c, DType dtype) : c_(c), dtype_(dtype) {
    for (const TensorSpec& spec : c.inputs)
      specs_.push_back({spec.dtype == DType::f32 ? dtype : spec.dtype, spec.shape});
    plan_ = c.layer.plan(specs_, Purpose::training);
    for (int i = 0; i < static_cast<int>(specs_.size()); ++i) inputs_.push_back(input(i));
    uint32_t seed = 100;
    for (const ParameterSpec& p : plan_.parameters) weights_.push_back(weight(p, ++seed));
    for (const TensorSpec& spec : plan_.outputs)
      output_gradients_.push_back(random_array(spec.shape, spec.dtype, ++seed));
    outputs_ = c.reference(values_of(inputs_), values_of(weights_), true);
    expect_gradients();
  }

  void check_forward() {
    const LayerTensors t = fresh(plan_);
    run(t, true, false, plan_.is_loss);
    for (size_t o = 0; o < plan_.outputs.size(); ++o)
      expect_near(written(t.outputs[o]).values(), outputs_[o], tolerance(), name("output", o).c_str());
    expect_unchanged();
  }

  void check_evaluation() {
    const LayerPlan plan = c_.layer.plan(specs_, Purpose::evaluation);
    EXPECT_TRUE(plan.saved.empty()) << "an evaluation has no backward to save for";
    const LayerTensors t = fresh(plan);
    run(t, false, false, false);
    const std::vector<Values> outputs = c_.reference(values_of(inputs_), values_of(weights_), false);
    for (size_t o = 0; o < plan.outputs.size(); ++o)
      expect_near(written(t.outputs[o]).values(), outputs[o], tolerance(), name("output of evaluation", o).c_str());
  }

  void check_backward(const Wanted& wanted) {
    SCOPED_TRACE(wanted.what);
    LayerTensors t = fresh(plan_);
    if (!plan_.is_loss) run(t, true, wanted.recompute, false);
    prepare_backward(t, wanted);
    run(t, true, false, true);
    for (size_t i = 0; i < t.input_gradients.size(); ++i)
      if (wanted.inputs[i])
        expect_near_at(written(t.input_gradients[i]).values(), positions_[i], expected(wanted, expected_inputs_, i),
                       tolerance(), name("gradient of input", i).c_str());
    for (size_t w = 0; w < t.weight_gradients.size(); ++w)
      if (wanted.weights[w])
        expect_near_at(written(t.weight_gradients[w]).values(), weight_positions_[w],
                       expected(wanted, expected_weights_, w, kOldGradient), tolerance(),
                       name("gradient of weight", w).c_str());
    for (size_t o = 0; o < plan_.outputs.size() && plan_.is_loss; ++o)
      expect_near(written(t.outputs[o]).values(), outputs_[o], tolerance(), name("output of a loss", o).c_str());
    expect_unchanged();
    if (!wanted.shared) expect_output_gradients_unchanged(t, wanted);
  }

  Wanted all(std::string what) const {
    Wanted wanted{std::move(what), {}, {}, std::vector<bool>(plan_.outputs.size(), !plan_.is_loss)};
    for (const ParameterSpec& p : plan_.parameters) wanted.weights.push_back(!is_fixed(p.role));
    for (size_t i = 0; i < specs_.size(); ++i) wanted.inputs.push_back(is_real(i));
    return wanted;
  }
  const LayerPlan& plan() const { return plan_; }
  bool is_real(size_t i) const { return is_real_dtype(specs_[i].dtype); }

 private:
  double tolerance() const { return dtype_ == DType::f32 ? c_.f32_tolerance : c_.bf16_tolerance; }
  static std::string name(const char* what, size_t index) { return fmt::format("{} {}", what, index); }

  Array input(int i) const {
    const TensorSpec& spec = specs_[static_cast<size_t>(i)];
    if (!is_real_dtype(spec.dtype)) return Array(spec.shape, spec.dtype, c_.integers(i));
    return random_array(spec.shape, spec.dtype, static_cast<uint32_t>(i + 1));
  }

  Array weight(const ParameterSpec& p, uint32_t seed) const {
    Values values = random_values(p.shape.elements(), seed);
    for (double& value : values) value = 0.5 * value + (p.role == ParameterRole::learned ? 0 : 1);
    return {p.shape, p.dtype(dtype_), values};
  }

  static std::vector<Values> values_of(const std::vector<Array>& arrays) {
    std::vector<Values> values;
    for (const Array& array : arrays) values.push_back(array.values());
    return values;
  }

  // d sum over outputs of (weight of the output) . output / d each input and weight, one result per output: an absent
  // gradient of an output is then left out of the sum.
  void expect_gradients() {
    const std::vector<Values> inputs = values_of(inputs_), weights = values_of(weights_);
    for (const Array& array : inputs_) positions_.push_back(spread_positions(array.size(), kPositions));
    for (const Array& array : weights_) weight_positions_.push_back(spread_positions(array.size(), kPositions));
    for (size_t o = 0; o < plan_.outputs.size(); ++o) {
      const double of_loss = o == 0 ? static_cast<double>(kLossScale) : 0;  // its other outputs are read, not minimised
      const Values factors = plan_.is_loss ? Values(outputs_[o].size(), of_loss) : output_gradients_[o].values();
      expected_inputs_.emplace_back(specs_.size());
      expected_weights_.emplace_back(weights_.size());
      for (size_t i = 0; i < specs_.size(); ++i) {
        if (!is_real(i)) continue;
        const auto loss = [&](const Values& moved) {
          std::vector<Values> all = inputs;
          all[i] = moved;
          return dot(factors, c_.reference(all, weights, true)[o]);
        };
        expected_inputs_[o][i] = numeric_gradient(loss, inputs[i], positions_[i]);
      }
      for (size_t w = 0; w < weights_.size(); ++w) {
        if (plan_.parameters[w].role != ParameterRole::learned) {
          expected_weights_[o][w] = expected_change(inputs, weights, w);
          continue;
        }
        const auto loss = [&](const Values& moved) {
          std::vector<Values> all = weights;
          all[w] = moved;
          return dot(factors, c_.reference(inputs, all, true)[o]);
        };
        expected_weights_[o][w] = numeric_gradient(loss, weights[w], weight_positions_[w]);
      }
    }
  }

  // At the weight's positions.
  Values expected_change(const std::vector<Values>& inputs, const std::vector<Values>& weights, size_t w) const {
    if (is_fixed(plan_.parameters[w].role)) return {};
    const Values change = c_.change(inputs, weights, w);
    Values chosen;
    for (const int64_t position : weight_positions_[w])
      chosen.push_back(static_cast<double>(kMicroBatchShare) * change[static_cast<size_t>(position)]);
    return chosen;
  }

  Values expected(const Wanted& wanted, const std::vector<std::vector<Values>>& by_output, size_t index,
                  double old = 0) const {
    Values sum(by_output[0][index].size(), old);
    for (size_t o = 0; o < by_output.size(); ++o)
      for (size_t k = 0; k < sum.size() && (plan_.is_loss || wanted.outputs[o]); ++k) sum[k] += by_output[o][index][k];
    return sum;
  }

  // Everything that is written is full of NaN before.
  Tensor fresh_tensor(DType dtype, const Shape& shape, double value = std::numeric_limits<double>::quiet_NaN()) {
    arrays_.push_back(std::make_unique<Array>(Array::filled(shape, dtype, value)));
    return *arrays_.back();
  }
  Array& written(const Tensor& tensor) {
    for (const auto& array : arrays_)
      if (array->tensor().data == tensor.data) return *array;
    throw std::logic_error("a tensor that the test did not make");
  }

  LayerTensors fresh(const LayerPlan& plan) {
    arrays_.clear();
    LayerTensors t;
    for (const Array& array : inputs_) t.inputs.push_back(copy(array));
    for (int o = 0; o < static_cast<int>(plan.outputs.size()); ++o) {
      const TensorSpec& spec = plan.outputs[static_cast<size_t>(o)];
      const auto same = plan.shared(Share::Kind::output_is_input, o);
      t.outputs.push_back(same ? t.inputs[static_cast<size_t>(*same)] : fresh_tensor(spec.dtype, spec.shape));
    }
    for (const TensorSpec& spec : plan.saved) t.saved.push_back(fresh_tensor(spec.dtype, spec.shape));
    for (const Array& array : weights_) t.weights.push_back(array);
    t.weight_gradients.resize(weights_.size());
    t.output_gradients.resize(plan.outputs.size());
    t.input_gradients.resize(specs_.size());
    return t;
  }
  Tensor copy(const Array& array) {
    arrays_.push_back(std::make_unique<Array>(array));
    return *arrays_.back();
  }

  void prepare_backward(LayerTensors& t, const Wanted& wanted) {
    for (int i = 0; i < static_cast<int>(t.inputs.size()); ++i)
      if (!plan_.backward_reads_input(i)) t.inputs[static_cast<size_t>(i)] = {};
    for (int o = 0; o < static_cast<int>(t.outputs.size()); ++o) {
      const auto at = static_cast<size_t>(o);
      if (!plan_.backward_reads_output(o) && !plan_.is_loss) t.outputs[at] = {};
      if (wanted.outputs[at]) t.output_gradients[at] = copy(output_gradients_[at]);
    }
    for (int i = 0; i < static_cast<int>(t.inputs.size()); ++i)
      if (wanted.inputs[static_cast<size_t>(i)])
        t.input_gradients[static_cast<size_t>(i)] = input_gradient(t, i, wanted);
    for (size_t w = 0; w < weights_.size(); ++w)
      if (wanted.weights[w]) t.weight_gradients[w] = fresh_tensor(DType::f32, plan_.parameters[w].shape, kOldGradient);
  }

  Tensor input_gradient(const LayerTensors& t, int i, const Wanted& wanted) {
    const TensorSpec& spec = specs_[static_cast<size_t>(i)];
    if (!wanted.shared) return fresh_tensor(spec.dtype, spec.shape);
    const auto is = plan_.shared(Share::Kind::gradient_is, i);
    if (is && t.input_gradients[static_cast<size_t>(*is)]) return t.input_gradients[static_cast<size_t>(*is)];
    const auto over = plan_.shared(Share::Kind::gradient_over, i);
    if (over && t.output_gradients[static_cast<size_t>(*over)]) return t.output_gradients[static_cast<size_t>(*over)];
    return fresh_tensor(spec.dtype, spec.shape);
  }

  void run(const LayerTensors& t, bool training, bool recompute, bool backward) {
    Device& device = test_device();
    Pass pass{.ops = device.ops(), .stream = test_stream(), .measuring = true, .training = training};
    pass.recompute = recompute;
    pass.seed = kSeed;
    pass.first_sample = first_sample_;
    pass.loss_scale = kLossScale;
    pass.micro_batch_share = kMicroBatchShare;
    pass.node = "checked";
    const auto call = [&] { backward ? c_.layer.backward(pass, t) : c_.layer.forward(pass, t); };
    call();
    const Array scratch = Array::filled({static_cast<int64_t>(pass.scratch.peak_bytes())}, DType::u8, 255);
    pass.measuring = false;
    pass.scratch = Scratch(scratch);
    call();
    test_stream().synchronize();
  }

  void expect_unchanged() {
    for (size_t i = 0; i < inputs_.size(); ++i)
      EXPECT_EQ(inputs_[i].bits(), arrays_[i]->bits()) << "input " << i << " was written";
  }
  void expect_output_gradients_unchanged(const LayerTensors& t, const Wanted& wanted) {
    for (size_t o = 0; o < t.output_gradients.size(); ++o)
      if (wanted.outputs[o] && !plan_.shared(Share::Kind::gradient_is_scratch, static_cast<int>(o))) {
        EXPECT_EQ(written(t.output_gradients[o]).bits(), output_gradients_[o].bits())
            << "the gradient of output " << o << " was written, and the plan does not say so";
      }
  }

  const LayerCase& c_;
  DType dtype_;
  std::vector<TensorSpec> specs_;
  LayerPlan plan_;
  std::vector<Array> inputs_, weights_, output_gradients_;
  std::vector<Values> outputs_;
  std::vector<std::vector<Values>> expected_inputs_, expected_weights_;  // by output
  std::vector<std::vector<int64_t>> positions_, weight_positions_;
  std::vector<std::unique_ptr<Array>> arrays_;  // of the run that is looked at; the inputs come first
  Array first_sample_ = Array({1}, DType::i64, {static_cast<double>(kFirstSample)});
};

// Every choice of gradients that a plan could make: all, each one alone absent, each one alone present, none.
std::vector<Wanted> choices(const LayerRun& run) {
  std::vector<Wanted> choices{run.all("all gradients")};
  Wanted shared = run.all("all gradients, memory shared"), again = run.all("after recomputation");
  shared.shared = again.recompute = true;
  choices.push_back(shared);
  if (!run.plan().is_loss) choices.push_back(again);
  const auto vary = [&](std::vector<bool> Wanted::*which, const char* what, bool alone_too) {
    const std::vector<bool> all = run.all("").*which;
    for (size_t k = 0; k < all.size(); ++k) {
      if (!all[k] || (!alone_too && std::ranges::count(all, true) == 1))
        continue;  // a plan without any has no backward
      Wanted without = run.all(fmt::format("without the gradient of {} {}", what, k));
      (without.*which)[k] = false;
      choices.push_back(without);
      without.shared = true;
      without.what += ", memory shared";
      choices.push_back(without);
      if (!alone_too) continue;
      Wanted alone = run.all(fmt::format("the gradient of {} {} alone", what, k));
      alone.inputs.assign(alone.inputs.size(), false);
      alone.weights.assign(alone.weights.size(), false);
      (alone.*which)[k] = true;
      choices.push_back(alone);
    }
  };
  vary(&Wanted::inputs, "input", true);
  vary(&Wanted::weights, "weight", true);
  vary(&Wanted::outputs, "output", false);
  Wanted frozen = run.all("all weights frozen"), none = run.all("no gradient at all");
  frozen.weights.assign(frozen.weights.size(), false);
  none.inputs.assign(none.inputs.size(), false);
  none.weights = frozen.weights;
  choices.push_back(frozen);
  choices.push_back(none);
  return choices;
}

}  // namespace

void check_layer(const LayerCase& c) {
  for (const DType dtype : c.dtypes) {
    SCOPED_TRACE(dtype == DType::f32 ? "f32" : "bf16");
    LayerRun run(c, dtype);
    run.check_forward();
    run.check_evaluation();
    for (const Wanted& wanted : choices(run)) run.check_backward(wanted);
  }
}

double layer_dropout_factor(float p, uint32_t dropout_number, int64_t rows_per_sample, int64_t row, int64_t element,
                            RandomSite site) {
  Dropout dropout = dropout_of(p, dropout_number, rows_per_sample);
  dropout.stream = random_stream(site, dropout_number);
  return dropout_factor(dropout, row, element);
}

}  // namespace convoy::test
