#include "core/generate/generator.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/models/gpt2.h"
#include "core/parameters/initialise.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

constexpr Gpt2Config kModel{.layers = 2, .heads = 2, .channels = 32, .context = 16, .vocabulary = 40};

class GeneratorTest : public testing::TestWithParam<DType> {
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

  static Gpt2Config config() {
    Gpt2Config c = kModel;
    c.dtype = GetParam();
    return c;
  }

  Generator make() {
    return {*device_, parameters_, {kModel.context, [](int64_t T) { return gpt2_logits_graph(config(), 1, T); }}};
  }

  // The most likely next token without a cache: the whole window at once.
  int32_t next_without_cache(const std::vector<int32_t>& window) {
    const Graph graph = gpt2_logits_graph(config(), 1, static_cast<int64_t>(window.size()));
    const ParameterLayout layout(graph, 1);
    Plan plan = make_plan(graph, layout, device_->ops(), {.purpose = Purpose::evaluation, .weights = GetParam()});
    const Memory arena = device_->allocate(plan.arena_bytes);
    const Program program(graph, std::move(plan), parameters_,
                          {arena.data(), DType::u8, {static_cast<int64_t>(arena.bytes())}});
    stream_->copy(program.input("tokens").data, window.data(), window.size() * 4);
    Pass pass{.ops = device_->ops(), .stream = *stream_};
    program.run(pass);
    std::vector<float> logits;
    if (GetParam() == DType::f32)
      logits = test::read<float>(program.result());
    else
      for (const bf16 logit : test::read<bf16>(program.result())) logits.push_back(static_cast<float>(logit));
    return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }

  Device* device_ = &test::test_device();
  Stream* stream_ = &test::test_stream();
  Graph graph_ = gpt2_logits_graph(config(), 1, 1);
  ParameterLayout layout_{graph_, 1};
  ParameterStorage parameters_{*device_, *stream_, layout_, GetParam()};
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

INSTANTIATE_TEST_SUITE_P(DTypes, GeneratorTest, testing::Values(DType::f32, DType::bf16),
                         [](const auto& dtype) { return std::string(name_of(dtype.param)); });

}  // namespace
}  // namespace convoy
