// Prompts that are seen whole, beside PyTorch: tests/reference/prefix_attention.py made the numbers, from Hugging
// Face's models with a mask of ours.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/generate/generator.h"
#include "core/models/llama_family.h"
#include "core/models/peer_config.h"
#include "core/ops/ops.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/reference_model.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

class PrefixAttentionReference : public testing::TestWithParam<const char*> {
 protected:
  std::string of(const std::string& dataset) const { return std::string(GetParam()) + "/" + dataset; }

  LlamaConfig config(DType dtype) const {
    LlamaConfig c =
        family_from_config_json(test::reference_text(file_, of("config"))).as<LlamaFamily>()->settled(dtype);
    c.attention = AttentionMask::prefix;
    return c;
  }

  std::vector<float> weights(const ParameterLayout& layout) const {
    return test::reference_weights(file_, GetParam(), layout);
  }

  void expect_loss_and_gradients(DType dtype, double of_loss, double of_gradients) {
    Model model(device_, stream_, llama_loss_graph(config(dtype), B_, T_), ModelOptions{.dtype = dtype});
    ParameterStorage& parameters = model.parameters();
    set_weights(parameters, device_, stream_, weights(model.layout()));
    stream_.zero(parameters.gradients().data, parameters.gradients().bytes());
    std::vector<int32_t> ends;
    for (const int32_t prompt : prompts_) ends.insert(ends.end(), static_cast<size_t>(T_), prompt);
    const std::vector<int32_t> targets = file_.integers("targets");
    test::write(model.training().input("tokens"), file_.integers("tokens"));
    test::write(model.training().input("targets"), targets);
    test::write(model.training().input("prefix_ends"), ends);
    const auto counted = std::ranges::count_if(targets, [](int32_t target) { return target >= 0; });
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(counted);
    model.training().run(pass);
    double sum = 0;
    for (const float loss : test::read<float>(model.training().result())) sum += static_cast<double>(loss);
    const double expected = file_.doubles(of("loss"))[0];
    EXPECT_NEAR(sum / static_cast<double>(counted), expected, of_loss * expected);
    test::expect_reference_gradients(file_, GetParam(), parameters, of_gradients);
  }

  test::ReferenceFile file_{test::reference_path("prefix_attention.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  int64_t B_ = static_cast<int64_t>(file_.attribute("batch")), T_ = static_cast<int64_t>(file_.attribute("tokens"));
  std::vector<int32_t> prompts_ = file_.integers("prompts");
};

TEST_P(PrefixAttentionReference, LossAndEveryGradientMatch) {
  expect_loss_and_gradients(DType::f32, 1e-5, 1e-5);
  expect_loss_and_gradients(DType::bf16, 1e-2, 5e-2);
}

TEST_P(PrefixAttentionReference, LogitsBehindAPromptMatch) {
  const LlamaConfig c = config(DType::f32);
  const std::vector<int32_t> tokens = file_.integers("tokens");
  const std::vector<float> expected = file_.floats(of("logits"));
  const ParameterLayout layout(llama_logits_graph(c, 1, 1), 1);
  ParameterStorage parameters(device_, stream_, layout, c.dtype);
  set_weights(parameters, device_, stream_, weights(layout));
  Generator generator(
      device_, parameters,
      {c.context, [c](int64_t B, int64_t T, int64_t kept) { return llama_logits_graph(c, B, T, kept); }, true});
  for (size_t row = 0; row < prompts_.size(); ++row) {
    const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(row) * T_;
    generator.read({first, first + prompts_[row]});
    for (size_t token = 0; token < generator.logits().size(); ++token)
      EXPECT_NEAR(generator.logits()[token], expected[row * generator.logits().size() + token], 1e-5)
          << "token " << token << " behind " << prompts_[row];
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, PrefixAttentionReference, testing::Values("llama", "glm4"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace convoy
