// GGUF files that are written: read back by the reader, they are the model and the tokenizer that they were made of.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/checkpoint/safetensors.h"
#include "core/models/llama_config_json.h"
#include "datasets/gguf/gguf_model.h"
#include "datasets/gguf/gguf_tokenizer.h"
#include "datasets/gguf/peer_model.h"
#include "datasets/gguf/peer_tokenizer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

const BlockType& type_named(const char* name) { return *find_block_type(std::string_view(name)); }

// Every weight of the file, in the folder's names and layout.
std::map<std::string, std::vector<float>> weights_of(const GgufFile& file) {
  std::map<std::string, std::vector<float>> weights;
  for (const PeerTensor& tensor : peer_model(file, "float32").tensors) {
    std::vector<float>& values = weights[tensor.name];
    values.resize(static_cast<size_t>(tensor.tensor->shape.elements()));
    read_peer_rows(file, tensor, 0, tensor.tensor->rows(), values.data());
  }
  return weights;
}

void write_as_safetensors(const GgufFile& file, const std::filesystem::path& path) {
  std::map<std::string, std::vector<float>> weights = weights_of(file);
  std::vector<NamedTensor> tensors;
  for (const PeerTensor& tensor : peer_model(file, "float32").tensors)
    tensors.push_back(
        {.name = tensor.name, .tensor = {weights.at(tensor.name).data(), DType::f32, tensor.tensor->shape}});
  write_safetensors(path, std::move(tensors));
}

LlamaConfig config_of(const GgufFile& file) {
  return llama_from_config_json(LlamaKind::llama, parse_json(peer_model(file, "float32").config));
}

class WrittenModel : public testing::Test {
 protected:
  WrittenModel() : good_(test::reference_path("gguf.gguf")) {
    write_as_safetensors(good_, folder_.path() / "model.safetensors");
  }
  GgufFile written(const BlockType& type, std::vector<std::string>* notes = nullptr) {
    GgufModel model = gguf_model(config_of(good_), type);
    const auto tensors = gguf_tensors(folder_.path() / "model.safetensors", type, model);
    for (const auto& value : gguf_tokenizer(peer_tokenizer_files(good_), model.config.vocabulary))
      model.values.push_back(value);
    if (notes != nullptr) *notes = model.notes;
    const auto path = folder_.path() / (std::string(type.name) + ".gguf");
    int64_t told = 0, all = 0;
    write_gguf(path, model.values, tensors, [&](int64_t done) { told = done; });
    for (const GgufOutputTensor& tensor : tensors) all += static_cast<int64_t>(tensor.bytes());
    EXPECT_EQ(told, all);
    return GgufFile(path);
  }

  const TemporaryFolder folder_;
  const GgufFile good_;
};

TEST_F(WrittenModel, OfFloatsHasTheSameBits) {
  const GgufFile file = written(type_named("f32"));
  EXPECT_EQ(weights_of(file), weights_of(good_));
  EXPECT_EQ(peer_model(file, "float32").config, peer_model(good_, "float32").config);
  EXPECT_EQ(peer_tokenizer_files(file), peer_tokenizer_files(good_));
  EXPECT_EQ(file.integer("general.file_type"), 0);
}

// The largest of a block's 32 numbers decides its step.
void expect_near_by_blocks(const std::vector<float>& found, const std::vector<float>& expected, float levels) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t block = 0; block < found.size(); block += 32) {
    float largest = 0;
    for (size_t i = block; i < block + 32; ++i) largest = std::max(largest, std::abs(expected[i]));
    const float step = largest / levels;
    for (size_t i = block; i < block + 32; ++i) {
      // A scale is rounded to a half, by 2^-11 of it: of 127 levels that is an eighth of half a level.
      EXPECT_LE(std::abs(found[i] - expected[i]), step * 1.13f) << i;
    }
  }
}

TEST_F(WrittenModel, OfFewBitsIsNearTheWeights) {
  const auto expected = weights_of(good_);
  const std::pair<const char*, float> kinds[] = {{"q8_0", 127 * 2}, {"q4_0", 8}};
  for (const auto& [name, levels] : kinds) {
    SCOPED_TRACE(name);
    const GgufFile file = written(type_named(name));
    for (const auto& [tensor, values] : weights_of(file)) {
      SCOPED_TRACE(tensor);
      const bool is_table = tensor == "model.embed_tokens.weight" || tensor == "lm_head.weight";
      if (tensor.find("norm") != std::string::npos)
        EXPECT_EQ(values, expected.at(tensor)) << "vectors stay as they are";
      else
        expect_near_by_blocks(values, expected.at(tensor), is_table ? 127 * 2 : levels);
    }
    EXPECT_EQ(file.find("token_embd.weight")->type->name, "q8_0");
    EXPECT_EQ(file.find("blk.0.attn_q.weight")->type->name, name);
    EXPECT_EQ(file.find("blk.0.attn_norm.weight")->type->name, "f32");
  }
}

TEST_F(WrittenModel, SaysWhichTensorsBlocksDoNotDivide) {
  std::vector<float> values(64 * 20, 0.25f);
  GgufModel model = gguf_model(config_of(good_), type_named("q4_0"));
  const auto path = folder_.path() / "odd.safetensors";
  write_safetensors(path,
                    {{.name = "model.layers.0.mlp.up_proj.weight", .tensor = {values.data(), DType::f32, {64, 20}}}});
  const auto tensors = gguf_tensors(path, type_named("q4_0"), model);
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].type->name, "f16");
  ASSERT_EQ(model.notes.size(), 1u);
  EXPECT_EQ(model.notes[0], "blk.0.ffn_up.weight is f16: rows of 20 are no whole blocks of q4_0");
}

// Of a config, by way of a file without tensors but for the token embedding, the config again.
nlohmann::json there_and_back(const LlamaConfig& config) {
  const TemporaryFolder folder;
  GgufModel model = gguf_model(config, type_named("f32"));
  std::vector<float> values(static_cast<size_t>(config.vocabulary * config.channels));
  write_safetensors(folder.path() / "w",
                    {{.name = "model.embed_tokens.weight",
                      .tensor = {values.data(), DType::f32, {config.vocabulary, config.channels}}}});
  const auto tensors = gguf_tensors(folder.path() / "w", type_named("f32"), model);
  write_gguf(folder.path() / "m.gguf", model.values, tensors, [](int64_t) {});
  const GgufFile file(folder.path() / "m.gguf");
  return parse_json(json_text(peer_config(file, peer_architecture(file), "float32")));
}

LlamaConfig small_config() {
  return {.layers = 2,
          .heads = 4,
          .kv_heads = 2,
          .head_dim = 64,
          .channels = 256,
          .hidden = 96,
          .context = 131072,
          .vocabulary = 3,
          .norm_eps = 1e-5,
          .tied = true};
}

TEST(WrittenConfig, KeepsRotaryScaling) {
  LlamaConfig config = small_config();
  config.rotary = {.base = 500000, .scaling = RotaryScaling::llama3, .factor = 32, .original_context = 8192};
  nlohmann::json json = there_and_back(config);
  EXPECT_EQ(json.at("rope_scaling").at("rope_type"), "llama3");
  EXPECT_NEAR(json.at("rope_scaling").at("factor").get<double>(), 32, 1e-4);
  EXPECT_EQ(json.at("rope_theta"), 500000.0);
  EXPECT_EQ(json.at("num_key_value_heads"), 2);
  config.rotary = {.scaling = RotaryScaling::yarn, .factor = 4, .original_context = 32768, .beta_fast = 16};
  json = there_and_back(config);
  EXPECT_EQ(json.at("rope_scaling").at("rope_type"), "yarn");
  EXPECT_EQ(json.at("rope_scaling").at("original_max_position_embeddings"), 32768);
  EXPECT_EQ(json.at("rope_scaling").at("beta_fast"), 16.0);
  config.rotary = {.scaling = RotaryScaling::linear, .factor = 2.5};
  json = there_and_back(config);
  EXPECT_EQ(json.at("rope_scaling"), nlohmann::json::parse(R"({"rope_type": "linear", "factor": 2.5})"));
}

TEST(WrittenConfig, NamesTheKindOfModel) {
  LlamaConfig config = small_config();
  config.qk_norm = true;
  EXPECT_EQ(there_and_back(config).at("model_type"), "qwen3");
  config.qk_norm = false, config.qkv_bias = true;
  EXPECT_EQ(there_and_back(config).at("model_type"), "qwen2");
  config.post_norms = true, config.rotary.layout = RotaryLayout::interleaved, config.rotary.fraction = 0.5;
  const nlohmann::json glm4 = there_and_back(config);
  EXPECT_EQ(glm4.at("model_type"), "glm4");
  EXPECT_EQ(glm4.at("partial_rotary_factor"), 0.5);
  config = small_config();
  config.window = 4096;
  EXPECT_EQ(there_and_back(config).at("max_position_embeddings"), 4096) << "readers know no window";
}

void expect_config_refused(const LlamaConfig& config, const std::string& said) {
  try {
    gguf_model(config, type_named("f32"));
    ADD_FAILURE() << "accepted, wanted: " << said;
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
  }
}

TEST(WrittenConfig, RefusesWhatNoFileCanSay) {
  LlamaConfig config = small_config();
  config.rotary.layout = RotaryLayout::interleaved;
  expect_config_refused(config, "the model is a GLM");
  config = small_config();
  config.rotary.fraction = 0.5;
  expect_config_refused(config, "no published kind of model");
  config = small_config();
  config.rotary = {.scaling = RotaryScaling::yarn, .factor = 4};
  config.rotary.amplitude.value = 1.0;
  expect_config_refused(config, "rotary.amplitude is 1");
}

// By way of a file.
std::map<std::string, std::string> tokenizer_there_and_back(const std::map<std::string, std::string>& files,
                                                            int64_t vocabulary) {
  const TemporaryFolder folder;
  write_gguf(folder.path() / "t.gguf", gguf_tokenizer(files, vocabulary), {}, [](int64_t) {});
  return peer_tokenizer_files(GgufFile(folder.path() / "t.gguf"));
}

std::string tokenizer_text(const char* name) { return read_file(test::reference_path("tokenizers") / name); }

constexpr const char* kTexts = "Hello  wORLD! 2024\n\n  it's\t\u00e9t\u00e9 <|endoftext|> \u65e5\u672c";

TEST(WrittenTokenizer, OfBytePairsGivesTheSameTokens) {
  for (const char* name : {"gpt2_style.json", "llama3_style.json"}) {
    SCOPED_TRACE(name);
    const auto tokenizer = parse_tokenizer(tokenizer_text(name), "tokenizer.json");
    const auto files =
        tokenizer_there_and_back({{"tokenizer.json", tokenizer_text(name)}}, tokenizer->vocabulary() + 5);
    const auto back = parse_tokenizer(files.at("tokenizer.json"), "tokenizer.json");
    EXPECT_EQ(back->encode(kTexts), tokenizer->encode(kTexts));
    EXPECT_EQ(back->vocabulary(), tokenizer->vocabulary()) << "what fills the table up is no entry";
    EXPECT_EQ(back->end_of_text(), tokenizer->end_of_text());
  }
}

TEST(WrittenTokenizer, OfPiecesGivesTheSameTokens) {
  const std::string content = tokenizer_text("sentence_piece_lines.model");
  const auto tokenizer = parse_tokenizer(content, "tokenizer.model");
  const auto files = tokenizer_there_and_back({{"tokenizer.model", content}}, tokenizer->vocabulary());
  const auto back = parse_tokenizer(files.at("tokenizer.model"), "tokenizer.model");
  EXPECT_EQ(back->encode(kTexts), tokenizer->encode(kTexts));
}

TEST(WrittenTokenizer, KeepsMarksAndTemplate) {
  const std::map<std::string, std::string> files = {
      {"tokenizer.json", tokenizer_text("gpt2_style.json")},
      {"tokenizer_config.json", R"({"eos_token": {"content": "<|endoftext|>"}, "add_bos_token": true,
                                    "chat_template": [{"name": "tools", "template": "x"},
                                                      {"name": "default", "template": "{{ a }}"}]})"},
      {"generation_config.json", R"({"eos_token_id": [3, 4], "bos_token_id": 2})"}};
  const auto tokenizer = parse_tokenizer(files.at("tokenizer.json"), "tokenizer.json");
  const auto back = tokenizer_there_and_back(files, tokenizer->vocabulary());
  const nlohmann::json config = parse_json(back.at("tokenizer_config.json"));
  EXPECT_EQ(config.at("eos_token"), "<|endoftext|>");
  EXPECT_EQ(config.at("add_bos_token"), true);
  EXPECT_EQ(config.at("chat_template"), "{{ a }}");
  const nlohmann::json generation = parse_json(back.at("generation_config.json"));
  EXPECT_EQ(generation.at("eos_token_id"), tokenizer->end_of_text());
  EXPECT_EQ(generation.at("bos_token_id"), 2);
  EXPECT_TRUE(tokenizer_there_and_back({}, 10).empty()) << "no tokenizer";
}

TEST(WrittenTokenizer, IsRefusedWhereItCutsOtherwise) {
  nlohmann::json json = parse_json(tokenizer_text("gpt2_style.json"));
  json["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  try {
    gguf_tokenizer({{"tokenizer.json", json_text(json)}}, 1000);
    ADD_FAILURE() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("cuts text otherwise than gpt-2"), std::string::npos) << error.what();
  }
  EXPECT_THROW(gguf_tokenizer({{"tokenizer.model", tokenizer_text("sentence_piece_unigram.model")}}, 400), ConfigError);
  EXPECT_THROW(gguf_tokenizer({{"tokenizer.json", tokenizer_text("gpt2_style.json")}}, 10), DataError);
  EXPECT_THROW(
      gguf_tokenizer({{"tokenizer.json", tokenizer_text("gpt2_style.json")}, {"tokenizer_config.json", "{"}}, 2000),
      CheckpointError);
}

}  // namespace
}  // namespace convoy
