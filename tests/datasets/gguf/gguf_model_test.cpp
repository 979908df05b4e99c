// A GGUF file as the folder that it was made of: every type of weights against ggml's own Python package, names,
// layout, config.json, tokenizer; and files that are damaged.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "datasets/gguf/peer_model.h"
#include "datasets/gguf/peer_names.h"
#include "datasets/gguf/peer_tokenizer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

std::filesystem::path good_file() { return test::reference_path("gguf.gguf"); }

TEST(GgufModel, HasEveryWeightAsTheFolderHadIt) {
  const GgufFile file(good_file());
  const PeerModel model = peer_model(file, "float32");
  const test::ReferenceFile expected(test::reference_path("gguf.h5"));
  ASSERT_EQ(model.tensors.size(), 12u);
  for (const PeerTensor& tensor : model.tensors) {
    SCOPED_TRACE(tensor.name + " of " + std::string(tensor.tensor->type->name));
    const std::vector<float> values = expected.floats(tensor.name);
    ASSERT_EQ(static_cast<int64_t>(values.size()), tensor.tensor->shape.elements());
    std::vector<float> found(values.size());
    const int64_t rows = tensor.tensor->rows(), half = rows / 2;  // in two parts
    read_peer_rows(file, tensor, 0, half, found.data());
    read_peer_rows(file, tensor, half, rows - half, found.data() + half * tensor.tensor->columns());
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(found[i], values[i]) << "element " << i;
  }
}

TEST(GgufModel, SaysWhatConfigJsonSays) {
  const nlohmann::json config = parse_json(peer_model(GgufFile(good_file()), "float32").config);
  EXPECT_EQ(config.at("architectures").at(0), "LlamaForCausalLM");
  EXPECT_EQ(config.at("hidden_size"), 256);
  EXPECT_EQ(config.at("head_dim"), 16);
  EXPECT_EQ(config.at("num_key_value_heads"), 2);
  EXPECT_EQ(config.at("vocab_size"), 14);
  EXPECT_EQ(config.at("rope_theta"), 50000.0);
  EXPECT_EQ(config.at("rope_scaling"), nullptr);
  EXPECT_EQ(config.at("rms_norm_eps"), 1e-5);
  EXPECT_EQ(config.at("tie_word_embeddings"), false);
  EXPECT_EQ(config.at("eos_token_id"), 1);
}

TEST(GgufModel, HasATokenizerThatLoads) {
  const auto files = peer_tokenizer_files(GgufFile(good_file()));
  const auto tokenizer = parse_tokenizer(files.at("tokenizer.json"), "tokenizer.json");
  EXPECT_EQ(tokenizer->vocabulary(), 14);
  EXPECT_EQ(tokenizer->encode("abc a"), (std::vector<int32_t>{12, 13}));
  EXPECT_EQ(tokenizer->encode("<s>ab"), (std::vector<int32_t>{0, 11}));
  EXPECT_EQ(tokenizer->decode({12, 13}), "abc a");
  const nlohmann::json config = parse_json(files.at("tokenizer_config.json"));
  EXPECT_EQ(config.at("chat_template"), "{{ messages }}");
  EXPECT_EQ(config.at("bos_token"), "<s>");
  EXPECT_EQ(parse_json(files.at("generation_config.json")).at("eos_token_id"), 1);
}

TEST(GgufModel, NamesGoBothWays) {
  for (const bool norms_behind : {false, true})
    for (const char* name :
         {"token_embd.weight", "output.weight", "output_norm.weight", "blk.17.attn_q.bias", "blk.0.ffn_down.weight",
          "blk.3.attn_norm.weight", "blk.3.ffn_norm.weight", "blk.3.ffn_up.weight"}) {
      const auto peer = peer_name(name, norms_behind);
      ASSERT_TRUE(peer) << name;
      EXPECT_EQ(gguf_name(*peer, norms_behind), name);
    }
  EXPECT_EQ(peer_name("blk.3.ffn_up.weight", true), "model.layers.3.mlp.gate_up_proj.weight");
  for (const char* name : {"", "blk.", "blk.x.attn_q.weight", "blk.3.attn_q", "blk.3.weight", "blk.3.ssm_in.weight"})
    EXPECT_FALSE(peer_name(name, false)) << name;
}

// `said` by what reads the bytes.
void expect_refused(const std::string& bytes, const std::string& said) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "bad.gguf";
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    peer_model(GgufFile(path), "float32");
    ADD_FAILURE() << "accepted, wanted: " << said;
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("bad.gguf is no good GGUF file"), std::string::npos) << error.what();
  }
}

std::string changed(const std::string& from, const std::string& to) {
  std::string bytes = read_file(good_file());
  const size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

std::string of_architecture(const std::string& name) {
  std::string bytes = read_file(good_file());
  const size_t at = bytes.find("general.architecture") + 20 + 4 + 8;  // behind the type and the length of the text
  EXPECT_EQ(bytes.substr(at, name.size()), "llama");
  return bytes.replace(at, name.size(), name);
}

TEST(BadGguf, IsRefusedInWords) {
  const std::string good = read_file(good_file());
  expect_refused("", "it does not begin with GGUF");
  expect_refused("GGML" + good.substr(4), "it does not begin with GGUF");
  expect_refused("GGUF\1" + good.substr(5), "it is of version 1, wanted 2 or 3");
  expect_refused(good.substr(0, good.size() - 1000), "it is not whole");
  expect_refused(good.substr(0, 300), "are left");
  expect_refused(of_architecture("mamba"), "its architecture is mamba, wanted llama, qwen2, qwen3 or glm4");
  expect_refused(changed("blk.0.attn_q.weight", "blk.0.attn_x.weight"),
                 "it has a tensor blk.0.attn_x.weight, which no llama model");
  expect_refused(changed("blk.0.attn_q.weight", "blk.1.attn_q.weight"), "it has no tensor blk.0.attn_q.weight");
  expect_refused(changed("llama.block_count", "llama.block_cound"),
                 "it has no value llama.block_count, wanted a whole number");
  expect_refused(changed("blk.0.attn_v", "blk.0.attn_k"), "is there twice");
}

// Many a byte of the head, wrong: a good file or a refusal, never another end.
TEST(BadGguf, AnyByteMayBeWrong) {
  const std::string good = read_file(good_file());
  const TemporaryFolder folder;
  const auto path = folder.path() / "bad.gguf";
  const size_t head = good.find("blk.0.ffn_down.weight") + 64;
  for (size_t at = 4; at < head; at += 13) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ (at % 2 == 0 ? 0xff : 0x01));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const GgufFile file(path);
      peer_model(file, "float32");
      peer_tokenizer_files(file);
    } catch (const CheckpointError&) {
    }
  }
}

}  // namespace
}  // namespace convoy
