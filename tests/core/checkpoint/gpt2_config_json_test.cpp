#include "core/models/gpt2_config_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/json_text.h"

namespace convoy {
namespace {

TEST(Gpt2ConfigJson, NamesWhatHuggingFaceReads) {
  const auto json = parse_json(gpt2_config_json({4, 8, 128, 64, 84, 0.1, DType::bf16}, 3));
  EXPECT_EQ(json["architectures"], nlohmann::json::array({"GPT2LMHeadModel"}));
  EXPECT_EQ(json["model_type"], "gpt2");
  EXPECT_EQ(json["activation_function"], "gelu_new");
  EXPECT_EQ(json["n_layer"], 4);
  EXPECT_EQ(json["n_head"], 8);
  EXPECT_EQ(json["n_embd"], 128);
  EXPECT_EQ(json["n_positions"], 64);
  EXPECT_EQ(json["vocab_size"], 84);
  EXPECT_EQ(json["attn_pdrop"], 0.1);
  EXPECT_EQ(json["torch_dtype"], "bfloat16");
  EXPECT_EQ(json["eos_token_id"], 3);
  EXPECT_EQ(json["tie_word_embeddings"], true);
}

TEST(Gpt2ConfigJson, WithoutEndOfText) {
  const auto json = parse_json(gpt2_config_json({1, 1, 8, 8, 84, 0, DType::f32}, -1));
  EXPECT_TRUE(json["eos_token_id"].is_null());
  EXPECT_EQ(json["torch_dtype"], "float32");
}

}  // namespace
}  // namespace convoy
