#include "core/generate/generator.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/models/gpt2.h"
#include "core/models/llama.h"
#include "core/parameters/initialise.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

constexpr Gpt2Config kModel{.layers = 2, .heads = 2, .channels = 32, .context = 16, .vocabulary = 40};

Graph gpt2_graph(DType dtype, int64_t T) {
  Gpt2Config c = kModel;
  c.dtype = dtype;
  return gpt2_logits_graph(c, 1, T);
}

// Keys and values of fewer heads than queries, positions that turn them, and a window in one layer.
Graph llama_graph(DType dtype, int64_t T) {
  LlamaConfig c{.layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 6, .channels = 32, .hidden = 40, .context = 16};
  c.vocabulary = kModel.vocabulary;
  c.rotary.base = 50;
  c.qk_norm = true;
  c.window = 5;
  c.window_layers = {1};
  c.dtype = dtype;
  return llama_logits_graph(c, 1, T);
}

struct GeneratorCase {
  const char* name;
  Graph (*graph)(DType dtype, int64_t T);
  DType dtype;
};

class GeneratorTest : public testing::TestWithParam<GeneratorCase> {
 protected:
  GeneratorTest() {
    initialise(parameters_, parameters_.layout(), *device_, *stream_, 3);
    // Small initial weights make every next token the last one again; larger ones make text worth comparing.
    std::vector<float> values;
    for (int64_t i = 0; i < parameters_.layout().padded_elements(); ++i) values.push_back(0);
    int number = 0;
    for (const Parameter& p : layout_.parameters()) {
      const std::vector<float> initial = initial_values(p, number++, 3);
      const float gain = p.spec.initialisation.kind == Initialisation::Kind::normal ? 12.0f : 1.0f;
      std::transform(initial.begin(), initial.end(), values.begin() + p.offset, [&](float v) { return gain * v; });
    }
    set_weights(parameters_, *device_, *stream_, values);
  }

  static Graph graph(int64_t T) { return GetParam().graph(GetParam().dtype, T); }
  static DType dtype() { return GetParam().dtype; }

  Generator make() {
    return {*device_, parameters_, {kModel.context, [](int64_t T) { return graph(T); }}};
  }

  // The most likely next token without a cache: the whole window at once.
  int32_t next_without_cache(const std::vector<int32_t>& window) {
    const Graph whole = graph(static_cast<int64_t>(window.size()));
    const ParameterLayout layout(whole, 1);
    Plan plan = make_plan(whole, layout, device_->ops(), {.purpose = Purpose::evaluation, .weights = dtype()});
    const Memory arena = device_->allocate(plan.arena_bytes);
    const Program program(whole, std::move(plan), parameters_,
                          {arena.data(), DType::u8, {static_cast<int64_t>(arena.bytes())}});
    stream_->copy(program.input("tokens").data, window.data(), window.size() * 4);
    Pass pass{.ops = device_->ops(), .stream = *stream_};
    program.run(pass);
    std::vector<float> logits;
    if (dtype() == DType::f32)
      logits = test::read<float>(program.result());
    else
      for (const bf16 logit : test::read<bf16>(program.result())) logits.push_back(static_cast<float>(logit));
    return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  Device* device_ = &test::test_device();
  Stream* stream_ = &test::test_stream();
  Graph graph_ = graph(1);
  ParameterLayout layout_{graph_, 1};
  ParameterStorage parameters_{*device_, *stream_, layout_, dtype()};
};

TEST_P(GeneratorTest, TheCacheChangesNoChoiceWithinTheContext) {
  std::vector<int32_t> window{3, 1, 4, 1, 5};
  const std::vector<int32_t> generated = make().generate(window, 11, {.temperature = 0});
  ASSERT_EQ(generated.size(), 11u);
  for (const int32_t token : generated) {
    EXPECT_EQ(token, next_without_cache(window)) << "after " << window.size() << " tokens";
    window.push_back(token);
  }
}

TEST_P(GeneratorTest, GoesOnBeyondTheContext) {
  const std::vector<int32_t> generated = make().generate({1, 2, 3}, 60, {.seed = 9});
  EXPECT_EQ(generated.size(), 60u);
  for (const int32_t token : generated) {
    EXPECT_GE(token, 0);
    EXPECT_LT(token, kModel.vocabulary);
  }
}

TEST_P(GeneratorTest, StopsWhenTold) {
  int told = 0;
  EXPECT_EQ(make().generate({1}, 60, {}, [&](int32_t) { return ++told < 4; }).size(), 4u);
}

TEST_P(GeneratorTest, WantsAPrompt) { EXPECT_THROW(make().generate({}, 5, {}), ConfigError); }

INSTANTIATE_TEST_SUITE_P(Models, GeneratorTest,
                         testing::Values(GeneratorCase{"gpt2_f32", gpt2_graph, DType::f32},
                                         GeneratorCase{"gpt2_bf16", gpt2_graph, DType::bf16},
                                         GeneratorCase{"llama_f32", llama_graph, DType::f32},
                                         GeneratorCase{"llama_bf16", llama_graph, DType::bf16}),
                         [](const auto& model) { return std::string(model.param.name); });

}  // namespace
}  // namespace convoy
