#include "core/generate/generator.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/generate/batch_generator.h"
#include "core/models/gpt2.h"
#include "core/models/llama.h"
#include "core/ops/cross_entropy.h"
#include "core/parameters/initialise.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

constexpr Gpt2Config kModel{.layers = 2, .heads = 2, .channels = 32, .context = 16, .vocabulary = 40};
constexpr int64_t kLongContext = 600;

Graph gpt2_graph(DType dtype, int64_t B, int64_t T, int64_t kept) {
  Gpt2Config c = kModel;
  c.dtype = dtype;
  return gpt2_logits_graph(c, B, T, kept);
}

// Keys and values of fewer heads than queries, positions that turn them, and a window in one layer.
LlamaConfig llama_config(DType dtype) {
  LlamaConfig c{.layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 6, .channels = 32, .hidden = 40, .context = 16};
  c.vocabulary = kModel.vocabulary;
  c.rotary.base = 50;
  c.qk_norm = true;
  c.window = 5;
  c.window_layers = {1};
  c.dtype = dtype;
  return c;
}

Graph llama_graph(DType dtype, int64_t B, int64_t T, int64_t kept) {
  return llama_logits_graph(llama_config(dtype), B, T, kept);
}

LlamaConfig prefix_config(DType dtype) {
  LlamaConfig c = llama_config(dtype);
  c.window = 0;
  c.attention = AttentionMask::prefix;
  return c;
}

Graph prefix_graph(DType dtype, int64_t B, int64_t T, int64_t kept) {
  return llama_logits_graph(prefix_config(dtype), B, T, kept);
}

Graph gpt2_losses(DType dtype, int64_t B) {
  Gpt2Config c = kModel;
  c.dtype = dtype;
  return gpt2_loss_graph(c, B, c.context);
}

Graph llama_losses(DType dtype, int64_t B) { return llama_loss_graph(llama_config(dtype), B, kModel.context); }

Graph prefix_losses(DType dtype, int64_t B) { return llama_loss_graph(prefix_config(dtype), B, kModel.context); }

struct GeneratorCase {
  const char* name;
  Graph (*graph)(DType dtype, int64_t B, int64_t T, int64_t kept);
  Graph (*losses)(DType dtype, int64_t B);  // of whole contexts, as training and `trainer eval` compute them
  DType dtype;
  bool reads_prompts_whole = false;
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

  static Graph graph(int64_t T, int64_t kept = 0) { return GetParam().graph(GetParam().dtype, 1, T, kept); }
  static DType dtype() { return GetParam().dtype; }

  static GeneratorModel model() {
    return {kModel.context,
            [](int64_t B, int64_t T, int64_t kept) { return GetParam().graph(GetParam().dtype, B, T, kept); },
            GetParam().reads_prompts_whole};
  }
  Generator make() { return {*device_, parameters_, model()}; }
  void expect_turns_as_alone(Generator& talks, const std::function<int64_t(const std::vector<int32_t>&)>& reads);

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

  // Of each token that follows one of these, B rows of the context, as evaluation computes them. prompt: tokens with
  // which a row begins, where prompts are read whole.
  std::vector<float> losses(const std::vector<int32_t>& tokens, const std::vector<int32_t>& targets, size_t prompt) {
    const auto B = std::ssize(tokens) / kModel.context;
    const Graph whole = GetParam().losses(dtype(), B);
    const ParameterLayout layout(whole, 1);
    Plan plan = make_plan(whole, layout, device_->ops(), {.purpose = Purpose::evaluation, .weights = dtype()});
    const Memory arena = device_->allocate(plan.arena_bytes);
    const Program program(whole, std::move(plan), parameters_,
                          {arena.data(), DType::u8, {static_cast<int64_t>(arena.bytes())}});
    test::write(program.input("tokens"), tokens);
    test::write(program.input("targets"), targets);
    if (GetParam().reads_prompts_whole)
      test::write(program.input("prefix_ends"), std::vector<int32_t>(tokens.size(), static_cast<int32_t>(prompt)));
    Pass pass{.ops = device_->ops(), .stream = *stream_, .rows_alike = true};
    program.run(pass);
    return test::read<float>(program.result());
  }

  void expect_probabilities_of_the_whole_forward(const std::vector<int32_t>& first);
  void expect_texts_side_by_side_as_alone();

  // Of one token, from the logits that it was drawn with.
  float loss_of(const std::vector<float>& logits, int32_t token) {
    const Shape row{1, kModel.vocabulary};
    const test::TestMemory memory(logits.size() * 4), target(4), loss(4);
    const Tensor of_logits{memory.data(), dtype(), row};
    std::vector<bf16> rounded;
    for (const float logit : logits) rounded.emplace_back(logit);
    dtype() == DType::f32 ? test::write(of_logits, logits) : test::write(of_logits, rounded);
    const Tensor of_target{target.data(), DType::i32, {1}}, of_loss{loss.data(), DType::f32, {1}};
    test::write(of_target, std::vector<int32_t>{token});
    device_->ops().run(*stream_, CrossEntropy{.losses = of_loss, .logits = of_logits, .targets = of_target});
    return test::read<float>(of_loss)[0];
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

// Bit for bit on the CPU, whatever is computed beside it. CUDA's products of few and of many rows are different ones of
// cuBLASLt, which sum in different orders.
void GeneratorTest::expect_probabilities_of_the_whole_forward(const std::vector<int32_t>& first) {
  const auto T = static_cast<size_t>(kModel.context);
  std::vector<int32_t> text = first;
  std::vector<float> drawn(text.size() - 1);
  Generator generator = make();
  generator.generate(first, kModel.context + 1 - std::ssize(first), {.seed = 2}, [&](int32_t token) {
    drawn.push_back(loss_of(generator.logits(), token));
    text.push_back(token);
    return true;
  });
  ASSERT_EQ(text.size(), T + 1);
  for (const size_t B : {1, 3, 9}) {
    std::vector<int32_t> tokens, targets;
    for (size_t i = 0; i < B * T; ++i) tokens.push_back(static_cast<int32_t>(i * 7 % 40)), targets.push_back(5);
    const size_t row = B / 2;
    std::copy(text.begin(), text.end() - 1, tokens.begin() + static_cast<std::ptrdiff_t>(row * T));
    std::copy(text.begin() + 1, text.end(), targets.begin() + static_cast<std::ptrdiff_t>(row * T));
    const std::vector<float> whole = losses(tokens, targets, first.size());
    for (size_t t = first.size() - 1; t < T; ++t) {
      if (test::testing_cuda())
        EXPECT_NEAR(drawn[t], whole[row * T + t], dtype() == DType::f32 ? 1e-5 : 0.1) << "token " << t;
      else
        EXPECT_EQ(drawn[t], whole[row * T + t]) << "token " << t << " among " << B << " texts";
    }
  }
}

TEST_P(GeneratorTest, ProbabilitiesAreThoseOfTheWholeForward) {
  expect_probabilities_of_the_whole_forward({3, 1, 4, 1, 5});
}

TEST_P(GeneratorTest, GoesOnBeyondTheContext) {
  const std::vector<int32_t> generated = make().generate({1, 2, 3}, 60, {.seed = 9});
  EXPECT_EQ(generated.size(), 60u);
  for (const int32_t token : generated) {
    EXPECT_GE(token, 0);
    EXPECT_LT(token, kModel.vocabulary);
  }
}

// A conversation: each prompt begins with the one before and its answer. reads: how many tokens a turn of that prompt
// reads.
void GeneratorTest::expect_turns_as_alone(Generator& talks,
                                          const std::function<int64_t(const std::vector<int32_t>&)>& reads) {
  std::vector<int32_t> text{3, 1, 4};
  for (int turn = 0; turn < 3; ++turn) {
    const int64_t before = talks.tokens_read();
    const std::vector<int32_t> answer = talks.generate(text, 2, {.temperature = 0});
    EXPECT_EQ(answer, make().generate(text, 2, {.temperature = 0})) << "turn " << turn;
    EXPECT_EQ(talks.tokens_read() - before, reads(text)) << "turn " << turn;
    text.insert(text.end(), answer.begin(), answer.end());
    text.push_back(7);
    text.push_back(turn);
  }
}

TEST_P(GeneratorTest, ReadsOfAPromptOnlyWhatItDoesNotKnow) {
  // Three new ones, the first of which is the last of the answer before, and one that it chose.
  Generator talks = make();
  expect_turns_as_alone(talks, [](const auto&) { return 4; });
  EXPECT_EQ(talks.generate({9, 9, 9}, 3, {.temperature = 0}), make().generate({9, 9, 9}, 3, {.temperature = 0}));
  talks.forget();
  const int64_t before = talks.tokens_read();
  talks.generate({9, 9, 9}, 1, {.temperature = 0});
  EXPECT_EQ(talks.tokens_read() - before, 3);
}

// More of them than there is room for, of any lengths, some of which go beyond the context.
void GeneratorTest::expect_texts_side_by_side_as_alone() {
  struct Text {
    BatchGenerator::Request request;
    std::vector<int32_t> tokens;
    bool ended = false;
  };
  std::vector<Text> texts;
  for (int32_t i = 0; i < 7; ++i) {
    std::vector<int32_t> prompt;
    for (int32_t t = 0; t < 1 + i * 3 % 20; ++t) prompt.push_back((i * 11 + t * 5) % 40);
    const bool greedy = test::testing_cuda();  // whose products of one row and of several differ in their last bits
    texts.push_back({{.prompt = prompt,
                      .count = 3 + i * 5 % 30,
                      .sampling = {.temperature = greedy ? 0.0 : 1.0, .seed = static_cast<uint64_t>(i)}}});
  }
  BatchGenerator batch(*device_, parameters_, model(), 3);
  size_t begun = 0;
  batch.run([&]() -> std::optional<BatchGenerator::Request> {
    if (begun == texts.size()) return std::nullopt;
    Text& text = texts[begun++];
    BatchGenerator::Request request = text.request;
    request.on_token = [&text](int32_t token) {
      text.tokens.push_back(token);
      return text.tokens.size() < 25;
    };
    request.on_end = [&text] { text.ended = true; };
    return request;
  });
  for (const Text& text : texts) {
    EXPECT_TRUE(text.ended);
    const int64_t count = std::min<int64_t>(25, text.request.count);
    ASSERT_EQ(std::ssize(text.tokens), count);
    if (!test::testing_cuda()) {
      EXPECT_EQ(text.tokens, make().generate(text.request.prompt, count, text.request.sampling));
    }
  }
  // Of one token each what is chosen is clear on any device.
  for (const Text& text : texts)
    EXPECT_EQ(text.tokens[0], make().generate(text.request.prompt, 1, text.request.sampling)[0]);
}

TEST_P(GeneratorTest, TextsSideBySideAreThoseOfEachAlone) { expect_texts_side_by_side_as_alone(); }

class PrefixGeneratorTest : public GeneratorTest {};

// A prompt of one or two tokens, of many, and one that leaves room for a single token.
TEST_P(PrefixGeneratorTest, ProbabilitiesAreThoseOfTheWholeForward) {
  for (const int32_t tokens : {1, 2, 5, 11, 15}) {
    std::vector<int32_t> prompt;
    for (int32_t t = 0; t < tokens; ++t) prompt.push_back((3 + 5 * t) % 40);
    expect_probabilities_of_the_whole_forward(prompt);
  }
}

// Else the test above would say nothing of prefixes.
TEST_P(PrefixGeneratorTest, APromptIsSeenWhole) {
  std::vector<int32_t> tokens, targets(16, 7);
  for (int32_t i = 0; i < 16; ++i) tokens.push_back(i * 7 % 40);
  const std::vector<float> causal = losses(tokens, targets, 1), prefix = losses(tokens, targets, 11);
  for (size_t t = 0; t < 16; ++t) EXPECT_NE(causal[t], prefix[t]) << t;
}

// Its tokens saw less when they were new than they do as a prompt.
TEST_P(PrefixGeneratorTest, ReadsAllOfAPromptAgain) {
  Generator talks = make();
  expect_turns_as_alone(talks, [](const std::vector<int32_t>& prompt) { return std::ssize(prompt) + 1; });
}

TEST_P(PrefixGeneratorTest, TextsSideBySideAreThoseOfEachAlone) { expect_texts_side_by_side_as_alone(); }

TEST(GeneratorRoom, GrowsWithTheTextAndKeepsItsBits) {
  Gpt2Config c = kModel;
  c.context = kLongContext;
  const Graph graph = gpt2_logits_graph(c, 1, 1);
  const ParameterLayout layout(graph, 1);
  ParameterStorage parameters(test::test_device(), test::test_stream(), layout, DType::f32);
  initialise(parameters, parameters.layout(), test::test_device(), test::test_stream(), 3);
  const auto make = [&](bool whole) {
    return Generator(test::test_device(), parameters, {kLongContext, [c, whole](int64_t, int64_t T, int64_t kept) {
                                                         return gpt2_logits_graph(c, 1, T, whole ? 0 : kept);
                                                       }});
  };
  Generator grows = make(false), has_all = make(true);
  EXPECT_EQ(grows.kept(), 0);
  const std::vector<int32_t> prompt(250, 5);
  grows.generate(prompt, 1, {.seed = 4});
  EXPECT_EQ(grows.kept(), 256);
  grows.forget();
  EXPECT_EQ(grows.generate(prompt, 20, {.seed = 4}), has_all.generate(prompt, 20, {.seed = 4}));
  EXPECT_EQ(grows.logits(), has_all.logits());
  EXPECT_EQ(grows.kept(), 512);
  grows.generate(prompt, 300, {.seed = 4});
  EXPECT_EQ(grows.kept(), kLongContext);
}

TEST_P(GeneratorTest, StopsWhenTold) {
  int told = 0;
  EXPECT_EQ(make().generate({1}, 60, {}, [&](int32_t) { return ++told < 4; }).size(), 4u);
}

TEST_P(GeneratorTest, WantsAPrompt) { EXPECT_THROW(make().generate({}, 5, {}), ConfigError); }

INSTANTIATE_TEST_SUITE_P(Models, GeneratorTest,
                         testing::Values(GeneratorCase{"gpt2_f32", gpt2_graph, gpt2_losses, DType::f32},
                                         GeneratorCase{"gpt2_bf16", gpt2_graph, gpt2_losses, DType::bf16},
                                         GeneratorCase{"llama_f32", llama_graph, llama_losses, DType::f32},
                                         GeneratorCase{"llama_bf16", llama_graph, llama_losses, DType::bf16}),
                         [](const auto& model) { return std::string(model.param.name); });
INSTANTIATE_TEST_SUITE_P(Models, PrefixGeneratorTest,
                         testing::Values(GeneratorCase{"f32", prefix_graph, prefix_losses, DType::f32, true},
                                         GeneratorCase{"bf16", prefix_graph, prefix_losses, DType::bf16, true}),
                         [](const auto& model) { return std::string(model.param.name); });

}  // namespace
}  // namespace convoy
