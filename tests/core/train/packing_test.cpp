// Several documents in one sequence are computed as each alone: losses and every gradient, of GPT-2 and Llama,
// whose documents may begin with prefixes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/models/gpt2.h"
#include "core/models/llama.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/documents/toy_documents.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

constexpr int64_t T = 40, kVocabulary = 50;

struct Case {
  const char* name;
  Graph (*graph)(DType dtype, int64_t B, int64_t tokens, bool documents);
  bool prefix_ends = false;
};

Graph gpt2_graph(DType dtype, int64_t B, int64_t tokens, bool documents) {
  return gpt2_loss_graph(
      {.layers = 2, .heads = 2, .channels = 24, .context = T, .vocabulary = kVocabulary, .dtype = dtype}, B, tokens,
      documents);
}
// Grouped queries, a norm of heads, and a window that is shorter than the longest document.
Graph llama_graph(DType dtype, int64_t B, int64_t tokens, bool documents) {
  LlamaConfig config{
      .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 16, .channels = 24, .hidden = 32, .context = T};
  config.vocabulary = kVocabulary, config.qk_norm = true, config.window = 9, config.window_layers = {1};
  config.dtype = dtype;
  return llama_loss_graph(config, B, tokens, documents);
}

Graph prefix_graph(DType dtype, int64_t B, int64_t tokens, bool documents) {
  LlamaConfig config{
      .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 16, .channels = 24, .hidden = 32, .context = T};
  config.vocabulary = kVocabulary, config.attention = AttentionMask::prefix, config.dtype = dtype;
  return llama_loss_graph(config, B, tokens, documents);
}

class Packing : public testing::TestWithParam<Case> {
 protected:
  struct Sums {
    double loss = 0, weight = 0;
    std::vector<float> gradients;
  };

  // The sum over passes of B samples each, which are as fields in one tensor.
  template <class Read>
  Sums train(DType dtype, bool documents, int64_t B, int64_t tokens, int64_t passes, const Read& read_pass) {
    Model model(device_, stream_, GetParam().graph(dtype, B, tokens, documents),
                ModelOptions{.dtype = dtype, .states = {"m", "v"}});
    std::vector<float> weights(static_cast<size_t>(model.layout().padded_elements()));
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = 0.3f * std::sin(static_cast<float>(i * i % 9973));
    set_weights(model.parameters(), device_, stream_, weights);
    stream_.zero(model.parameters().gradients().data, model.parameters().gradients().bytes());
    Sums sums;
    for (int64_t pass = 0; pass < passes; ++pass) {
      const std::vector<std::vector<int32_t>> fields = read_pass(pass);
      std::vector<std::string> names{"tokens", "targets"};
      if (documents) names.emplace_back("starts");
      if (GetParam().prefix_ends) names.emplace_back("prefix_ends");
      for (size_t f = 0; f < names.size(); ++f) test::write(model.training().input(names[f]), fields[f]);
      Pass run{.ops = device_.ops(), .stream = stream_, .training = true};
      model.training().run(run);
      for (const float loss : test::read<float>(model.training().result())) sums.loss += static_cast<double>(loss);
      for (const float weight : test::read<float>(model.training().loss_weights()))
        sums.weight += static_cast<double>(weight);
    }
    sums.gradients = test::read<float>(model.parameters().gradients());
    return sums;
  }

  static std::vector<MarkedTokens> documents() {
    std::vector<MarkedTokens> all;
    for (const int64_t tokens : {17, 5, 30, 2, 9, 22, 13, 6, 3, 41})
      all.push_back(toy_document(static_cast<int64_t>(all.size()), tokens, tokens / 3, kVocabulary));
    return all;
  }

  // Each in a pass of its own, without padding and without a word of documents.
  Sums each_alone(DType dtype) {
    Sums all;
    for (const MarkedTokens& document : documents()) {
      const auto places = static_cast<int64_t>(document.size()) - 1;
      const Sums one = train(dtype, false, 1, places, 1, [&](int64_t) {
        std::vector<int32_t> tokens(document.tokens.begin(), document.tokens.end() - 1), targets;
        for (size_t i = 1; i < document.size(); ++i)
          targets.push_back(document.counts[i] != 0 ? document.tokens[i] : -1);
        std::vector fields{tokens, targets};
        const int64_t first =
            std::find(document.counts.begin() + 1, document.counts.end(), 1) - document.counts.begin();
        if (GetParam().prefix_ends) fields.emplace_back(tokens.size(), static_cast<int32_t>(first));
        return fields;
      });
      all.loss += one.loss;
      all.weight += one.weight;
      all.gradients.resize(one.gradients.size());
      for (size_t i = 0; i < one.gradients.size(); ++i) all.gradients[i] += one.gradients[i];
    }
    return all;
  }

  Sums of_dataset(DType dtype, bool pack) {
    const TemporaryFolder folder;
    write_toy_documents(folder.path(), {.train = documents(), .vocabulary = kVocabulary});
    const auto dataset =
        open_dataset(folder.path(), {.context = T, .seed = 1, .pack = pack, .prefix_ends = GetParam().prefix_ends});
    constexpr int64_t B = 2;  // the last pass has a sample of the next epoch, without targets
    const int64_t samples = dataset->samples(Split::train);
    return train(dtype, true, B, T, (samples + B - 1) / B, [&](int64_t pass) {
      std::vector<std::vector<int32_t>> fields(dataset->fields().size(), std::vector<int32_t>(B * T));
      std::vector<Tensor> out;
      for (auto& field : fields) out.emplace_back(field.data(), DType::i32, Shape{B, T});
      dataset->read(Split::train, pass * B, B, out);
      for (int64_t b = samples - pass * B; b < B; ++b)
        std::fill(fields[1].begin() + b * T, fields[1].begin() + (b + 1) * T, -1);
      return fields;
    });
  }

  static void expect_alike(const Sums& found, const Sums& wanted, double of_loss, double of_gradients) {
    EXPECT_EQ(found.weight, wanted.weight);
    EXPECT_NEAR(found.loss, wanted.loss, of_loss * wanted.loss);
    double difference = 0, norm = 0;
    for (size_t i = 0; i < wanted.gradients.size(); ++i) {
      difference += std::pow(double(found.gradients[i]) - double(wanted.gradients[i]), 2);
      norm += std::pow(double(wanted.gradients[i]), 2);
    }
    EXPECT_LE(std::sqrt(difference / norm), of_gradients);
  }

  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
};

TEST_P(Packing, ChangesNoLossAndNoGradient) {
  const Sums alone = each_alone(DType::f32);
  EXPECT_GT(alone.weight, 50);
  expect_alike(of_dataset(DType::f32, true), alone, 1e-6, 1e-5);
  expect_alike(of_dataset(DType::f32, false), alone, 1e-6, 1e-5);
}

TEST_P(Packing, NorInBf16) {
  const Sums alone = each_alone(DType::bf16);
  expect_alike(of_dataset(DType::bf16, true), alone, 2e-3, 2e-2);
}

INSTANTIATE_TEST_SUITE_P(Families, Packing,
                         testing::Values(Case{"gpt2", gpt2_graph}, Case{"llama", llama_graph},
                                         Case{"prefix", prefix_graph, true}),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace convoy
