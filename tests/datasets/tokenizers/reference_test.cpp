// The same tokens as the libraries that the files come from: see tests/reference/tokenizer_reference.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "core/base/files.h"
#include "core/base/json_text.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

std::filesystem::path reference(const std::string& name) {
  return std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers" / name;
}

nlohmann::json expected(const std::string& name) { return parse_json(read_file(reference(name + ".expected.json"))); }

class ReferenceTokenizer : public testing::TestWithParam<std::pair<const char*, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Files, ReferenceTokenizer,
                         testing::Values(std::pair("gpt2_style", "gpt2_style.json"),
                                         std::pair("llama3_style", "llama3_style.json"),
                                         std::pair("sentence_piece", "sentence_piece.model"),
                                         std::pair("sentence_piece_lines", "sentence_piece_lines.model"),
                                         std::pair("sentence_piece_unigram", "sentence_piece_unigram.model"),
                                         std::pair("sentence_piece_suffix", "sentence_piece_suffix.model"),
                                         std::pair("sentence_piece_bare", "sentence_piece_bare.model"),
                                         std::pair("sentence_piece_across", "sentence_piece_across.model"),
                                         std::pair("sentence_piece_words", "sentence_piece_words.model"),
                                         std::pair("sentence_piece_characters", "sentence_piece_characters.model")),
                         [](const auto& test) { return std::string(test.param.first); });

TEST_P(ReferenceTokenizer, MakesTheSameTokens) {
  const auto [name, file] = GetParam();
  const auto tokenizer = load_tokenizer(reference(file));
  const auto items = expected(name);
  ASSERT_GE(items.size(), 40u);
  for (const auto& item : items) {
    const std::string text = item.at("text");
    EXPECT_EQ(tokenizer->encode(text), item.at("tokens").get<std::vector<int32_t>>()) << text;
  }
}

TEST_P(ReferenceTokenizer, IsReloadedFromTheFileItKeeps) {
  const auto [name, file] = GetParam();
  const auto tokenizer = load_tokenizer(reference(file));
  const auto [kept_name, content] = tokenizer->file();
  EXPECT_EQ(kept_name, std::string(file).ends_with(".model") ? "tokenizer.model" : "tokenizer.json");
  const auto again = parse_tokenizer(content, kept_name);
  EXPECT_EQ(again->vocabulary(), tokenizer->vocabulary());
  EXPECT_EQ(again->end_of_text(), tokenizer->end_of_text());
  for (const auto& item : expected(name)) {
    const std::string text = item.at("text");
    EXPECT_EQ(again->encode(text), tokenizer->encode(text));
  }
}

TEST_P(ReferenceTokenizer, SeveralThreadsMayEncode) {
  const auto [name, file] = GetParam();
  const auto tokenizer = load_tokenizer(reference(file));
  const auto items = expected(name);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (const auto& item : items)
        EXPECT_EQ(tokenizer->encode(item.at("text").get<std::string>()), item.at("tokens").get<std::vector<int32_t>>());
    });
}

TEST(ByteLevelBpe, DecodesToTheText) {
  for (const char* name : {"gpt2_style", "llama3_style"}) {
    const auto tokenizer = load_tokenizer(reference(std::string(name) + ".json"));
    for (const auto& item : expected(name)) {
      const std::string text = item.at("text");
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
    }
  }
}

// A text that comes in parts, cut even inside characters and special tokens, gives the tokens that it gives at once;
// and the next text begins anew.
TEST_P(ReferenceTokenizer, PartsGiveTheSameTokens) {
  const auto [name, file] = GetParam();
  const auto tokenizer = load_tokenizer(reference(file));
  const auto encoder = tokenizer->make_encoder();
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round)
    for (const auto& item : expected(name)) {
      const std::string text = item.at("text");
      std::vector<int32_t> found;
      for (size_t done = 0; done < text.size();) {
        const size_t bytes = random() % (round + 2);
        encoder->add(std::string_view(text).substr(done, bytes), found);
        done += bytes;
      }
      encoder->finish(found);
      ASSERT_EQ(found, item.at("tokens").get<std::vector<int32_t>>()) << text;
    }
}

TEST(ByteLevelBpe, KnowsVocabularyAndEndOfText) {
  const auto tokenizer = load_tokenizer(reference("gpt2_style.json"));
  EXPECT_EQ(tokenizer->vocabulary(), 257 + 800);
  EXPECT_EQ(tokenizer->end_of_text(), 0);
  EXPECT_EQ(load_tokenizer(reference("sentence_piece.model"))->vocabulary(), 400);
  EXPECT_EQ(load_tokenizer(reference("sentence_piece.model"))->end_of_text(), 2);
}

// SentencePiece's marks have none; <unk> stands for what has no entry.
TEST(TokenText, IsWhatAnEntryHas) {
  const auto piece = load_tokenizer(reference("sentence_piece.model")),
             bytes = load_tokenizer(reference("gpt2_style.json"));
  EXPECT_TRUE(piece->has_text(0));
  EXPECT_FALSE(piece->has_text(1));
  EXPECT_FALSE(piece->has_text(2));
  for (int32_t token = 3; token < piece->vocabulary(); ++token) EXPECT_TRUE(piece->has_text(token)) << token;
  for (const Tokenizer* tokenizer : {piece.get(), bytes.get()}) {
    EXPECT_FALSE(tokenizer->has_text(-1));
    EXPECT_FALSE(tokenizer->has_text(static_cast<int32_t>(tokenizer->vocabulary())));
  }
}

}  // namespace
}  // namespace convoy
