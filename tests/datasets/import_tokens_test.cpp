#include "datasets/import_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/token_dataset.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

template <class Number>
void put(std::string& bytes, Number number) {
  char raw[sizeof number];
  std::memcpy(raw, &number, sizeof number);
  bytes.append(raw, sizeof number);
}

std::string llm_c_bytes(int32_t magic, int32_t version, const std::vector<uint32_t>& tokens, size_t token_bytes) {
  std::string bytes;
  for (const int32_t word : {magic, version, static_cast<int32_t>(tokens.size())}) put(bytes, word);
  bytes.resize(1024);
  for (const uint32_t token : tokens) {
    std::string whole;
    put(whole, token);
    bytes += whole.substr(0, token_bytes);
  }
  return bytes;
}

// Sequences of these lengths, one a document, of tokens of u16.
std::string megatron_index(const std::vector<int32_t>& lengths, uint64_t version = 1, uint8_t type = 8) {
  std::string bytes("MMIDIDX\0\0", 9);
  put(bytes, version);
  put(bytes, type);
  put(bytes, static_cast<uint64_t>(lengths.size()));
  put(bytes, static_cast<uint64_t>(lengths.size() + 1));
  for (const int32_t length : lengths) put(bytes, length);
  int64_t place = 0;
  for (const int32_t length : lengths) put(bytes, place), place += 2 * length;
  for (size_t i = 0; i <= lengths.size(); ++i) put(bytes, static_cast<int64_t>(i));
  return bytes;
}

class ImportTokens : public testing::Test {
 protected:
  ImportTokens() {
    options_.out = folder_ / "data";
    options_.tokenizer = (folder_ / "tokenizer.json").string();
    write_file_atomically(options_.tokenizer, bytes_tokenizer_json());
  }
  std::filesystem::path file(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    return folder_ / name;
  }
  // Each token of a split with the one after it, sorted.
  std::vector<std::pair<int32_t, int32_t>> pairs(Split split) {
    const auto data = open_token_dataset(options_.out, 1, 1);
    std::vector<std::pair<int32_t, int32_t>> pairs;
    for (int64_t i = 0; i < data->samples(split); ++i) {
      int32_t x = 0, y = 0;
      const Tensor out[] = {{&x, DType::i32, {1, 1}}, {&y, DType::i32, {1, 1}}};
      data->read(split, i, 1, out);
      pairs.emplace_back(x, y);
    }
    std::ranges::sort(pairs);
    return pairs;
  }
  std::string error() {
    try {
      import_tokens(options_, nullptr);
    } catch (const DataError& error) {
      return error.what();
    }
    return "nothing thrown";
  }

  TemporaryFolder folder_;
  ImportTokensOptions options_;
};

using Pairs = std::vector<std::pair<int32_t, int32_t>>;

TEST_F(ImportTokens, OfLlmCInBothWidths) {
  options_.inputs = {file("a.bin", llm_c_bytes(20240520, 1, {7, 3, 255}, 2)),
                     file("b.bin", llm_c_bytes(20240801, 7, {4, 9}, 4))};
  options_.validation_files = {file("v.bin", llm_c_bytes(20240520, 1, {5, 6}, 2))};
  const ImportResult result = import_tokens(options_, nullptr);
  EXPECT_EQ(pairs(Split::train), (Pairs{{3, 255}, {4, 9}, {7, 3}, {255, 4}}));
  EXPECT_EQ(pairs(Split::validation), (Pairs{{5, 6}}));
  EXPECT_FALSE(result.was_there);
  EXPECT_TRUE(import_tokens(options_, nullptr).was_there);
}

// A fifth of nine tokens would be two: the last document has three.
TEST_F(ImportTokens, OfMegatronCutBetweenDocuments) {
  std::string data;
  for (const uint16_t token : {1, 2, 3, 4, 5, 6, 7, 8, 9}) put(data, token);
  file("m.bin", data);
  options_.inputs = {file("m.idx", megatron_index({2, 4, 3}))};
  options_.validation = 0.2;
  import_tokens(options_, nullptr);
  EXPECT_EQ(pairs(Split::train), (Pairs{{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}));
  EXPECT_EQ(pairs(Split::validation), (Pairs{{7, 8}, {8, 9}}));
}

TEST_F(ImportTokens, RefusesWhatIsNotWhole) {
  const auto refused = [&](const std::string& name, const std::string& content) {
    options_.inputs = {file(name, content)};
    return error();
  };
  const std::string good = llm_c_bytes(20240520, 1, {7, 3, 5}, 2);
  EXPECT_NE(refused("short.bin", good.substr(0, 100)).find("100 bytes are no file of tokens"), std::string::npos);
  EXPECT_NE(refused("cut.bin", good.substr(0, good.size() - 1)).find("says 3 tokens, which take 1030"),
            std::string::npos);
  EXPECT_NE(refused("magic.bin", llm_c_bytes(1234, 1, {7}, 2)).find("begins with 1234"), std::string::npos);
  EXPECT_NE(refused("version.bin", llm_c_bytes(20240520, 2, {7}, 2)).find("is version 2"), std::string::npos);
  EXPECT_NE(refused("large.bin", llm_c_bytes(20240520, 1, {7, 300}, 2)).find("token 1 is 300"), std::string::npos);
  EXPECT_NE(refused("alone.idx", megatron_index({2})).find("alone.bin: no such file"), std::string::npos);
  file("m.bin", "1234");
  EXPECT_NE(refused("m.idx", megatron_index({3})).find("sequence 0 is 3 tokens from byte 0 on"), std::string::npos);
  EXPECT_NE(refused("m.idx", megatron_index({2}, 3)).find("is of version 3"), std::string::npos);
  EXPECT_NE(refused("m.idx", megatron_index({2}, 1, 7)).find("has tokens of type 7"), std::string::npos);
  EXPECT_NE(refused("m.idx", megatron_index({2}).substr(0, 50)).find("cut off"), std::string::npos);
  EXPECT_NE(refused("m.idx", "MMIDIDX_" + std::string(60, ' ')).find("does not begin"), std::string::npos);
  EXPECT_FALSE(is_there(options_.out));
}

TEST_F(ImportTokens, WantsATokenizer) {
  options_.inputs = {file("a.bin", llm_c_bytes(20240520, 1, {7}, 2))};
  options_.tokenizer = "";
  EXPECT_THROW(import_tokens(options_, nullptr), ConfigError);
}

}  // namespace
}  // namespace convoy
