#include "core/models/llama_config_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "core/models/gpt2_config_json.h"
#include "core/models/gpt2_family.h"
#include "core/models/llama_family.h"
#include "core/models/llama_presets.h"
#include "core/models/peer_config.h"

namespace convoy {
namespace {

// Read back, it is the model that it was written of.
void expect_round_trip(const LlamaConfig& c, const char* architecture) {
  const std::string text = llama_config_json(c, 3);
  ASSERT_EQ(parse_json(text)["architectures"], nlohmann::json::array({architecture}));
  const FamilyChoice choice = family_from_config_json(text);
  ASSERT_EQ(choice.name(), "llama");
  const LlamaConfig back = choice.as<LlamaFamily>()->settled(c.dtype);
  EXPECT_EQ(llama_config_json(back, 3), text);
  EXPECT_EQ(back.window_layers, c.window_layers);
  EXPECT_EQ(back.rotary.fraction, c.rotary.fraction);
  EXPECT_EQ(rotary_amplitude(back.rotary), rotary_amplitude(c.rotary));
  EXPECT_EQ(back.rotary.layout, c.rotary.layout);
  EXPECT_EQ(back.qkv_bias, c.qkv_bias);
  EXPECT_EQ(back.post_norms, c.post_norms);
}

TEST(LlamaConfigJson, EveryPresetIsOneOfThePeersModels) {
  for (const std::string_view name : llama_preset_names()) {
    SCOPED_TRACE(name);
    const LlamaKind kind = kind_of(llama_preset(name));
    const char* architecture = kind == LlamaKind::llama     ? "LlamaForCausalLM"
                               : kind == LlamaKind::mistral ? "MistralForCausalLM"
                               : kind == LlamaKind::qwen2   ? "Qwen2ForCausalLM"
                               : kind == LlamaKind::qwen3   ? "Qwen3ForCausalLM"
                                                            : "Glm4ForCausalLM";
    expect_round_trip(llama_preset(name), architecture);
  }
}

TEST(LlamaConfigJson, KeepsScalingWindowsAndGlm) {
  LlamaConfig c = llama_preset("qwen2.5-0.5b");
  c.rotary.scaling = RotaryScaling::yarn;
  c.rotary.factor = 4;
  c.rotary.original_context = 32768;
  c.window = 100;
  c.window_layers = {3, 7};
  expect_round_trip(c, "Qwen2ForCausalLM");
  c = llama_preset("glm4-9b");
  c.post_norms = false;
  c.qkv_bias = true;
  c.rotary.scaling = RotaryScaling::linear;
  c.rotary.factor = 2;
  expect_round_trip(c, "GlmForCausalLM");
}

TEST(LlamaConfigJson, IsEmptyWhereNoPeerComputesTheSame) {
  LlamaConfig c = llama_preset("llama3-8b");
  c.post_norms = true;
  EXPECT_EQ(llama_config_json(c, -1), "");
  c = llama_preset("llama3-8b");
  c.attention = AttentionMask::prefix;  // it would be read as a causal model
  EXPECT_EQ(llama_config_json(c, -1), "");
}

TEST(PeerConfig, ReadsGpt2) {
  const FamilyChoice choice = family_from_config_json(gpt2_config_json({4, 8, 128, 64, 84, 0.1, DType::f32}, 3));
  ASSERT_EQ(choice.name(), "gpt2");
  EXPECT_EQ(choice.as<Gpt2Family>()->sizes.heads, 8);
  EXPECT_EQ(choice->vocabulary(), 84);
}

std::string refusal(const std::string& text) {
  try {
    family_from_config_json(text);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(PeerConfig, SaysWhatIsWrong) {
  EXPECT_NE(refusal("{").find("is no JSON"), std::string::npos);
  EXPECT_NE(refusal("[]").find("holds no object"), std::string::npos);
  EXPECT_NE(refusal("{}").find("architecture is not said; supported are GPT2LMHeadModel"), std::string::npos);
  const std::string bert = refusal(R"({"architectures": ["BertForMaskedLM"]})");
  EXPECT_NE(bert.find("architecture is BertForMaskedLM; supported are"), std::string::npos) << bert;
  EXPECT_NE(bert.find("Glm4ForCausalLM"), std::string::npos);
  const auto changed = [](const char* key, const nlohmann::json& value) {
    auto json = parse_json(llama_config_json(llama_preset("llama3-8b"), -1));
    json[key] = value;
    return refusal(json_text(json));
  };
  EXPECT_NE(changed("hidden_act", "gelu").find("hidden_act is gelu"), std::string::npos);
  EXPECT_NE(changed("num_hidden_layers", nullptr).find("num_hidden_layers is missing"), std::string::npos);
  EXPECT_NE(changed("hidden_size", 3.5).find("hidden_size is 3.5"), std::string::npos);
  EXPECT_NE(changed("attention_bias", true).find("attention_bias is true"), std::string::npos);
  EXPECT_NE(changed("rope_scaling", {{"rope_type", "longrope"}}).find("rope_type is longrope"), std::string::npos);
  EXPECT_NE(changed("rope_scaling", {{"rope_type", "linear"}}).find("factor is missing"), std::string::npos);
}

}  // namespace
}  // namespace convoy
