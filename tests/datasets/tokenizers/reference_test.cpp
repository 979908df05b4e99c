// The same tokens as the libraries that the files come from: see tests/reference/tokenizer_reference.py.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/files.h"
#include "core/base/json_text.h"
#include "datasets/text/text_files.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/core/temporary_folder.h"

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
                                         std::pair("sentence_piece", "sentence_piece.model")),
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

// A document that is encoded in pieces gives the tokens that it gives as a whole.
TEST(ByteLevelBpe, PiecesOfTextGiveTheSameTokens) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "**HAMLET**  \nTo be, or not to be: that is\nthe question 'tis\n\n  \n_Exit_\n\n\"What\u2019s 2b?\"\n";
  const TemporaryFolder folder;
  std::ofstream(folder / "text.txt") << text;
  const TextFile file{folder / "text.txt", "text.txt", static_cast<int64_t>(text.size()), 0};
  for (const char* name : {"gpt2_style.json", "llama3_style.json"}) {
    const auto tokenizer = load_tokenizer(reference(name));
    const auto wanted = tokenizer->encode(text);
    for (const int64_t piece_bytes : {100, 128, 1000, 1001, 1 << 20}) {
      std::vector<int32_t> found;
      read_pieces(file, 0, file.bytes, piece_bytes, [&](std::string_view piece) {
        const auto tokens = tokenizer->encode(piece);
        found.insert(found.end(), tokens.begin(), tokens.end());
      });
      EXPECT_EQ(found, wanted) << name << " in pieces of " << piece_bytes;
    }
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

// A vocabulary may leave numbers out.
TEST(TokenText, NumbersWithoutEntryHaveNone) {
  nlohmann::json file = parse_json(read_file(reference("gpt2_style.json")));
  const auto vocabulary = static_cast<int32_t>(load_tokenizer(reference("gpt2_style.json"))->vocabulary());
  file["added_tokens"].push_back({{"id", vocabulary + 2}, {"content", "<|late|>"}});
  const auto tokenizer = parse_tokenizer(json_text(file), "tokenizer.json");
  for (int32_t token = 0; token < vocabulary; ++token) EXPECT_TRUE(tokenizer->has_text(token)) << token;
  EXPECT_FALSE(tokenizer->has_text(vocabulary));
  EXPECT_FALSE(tokenizer->has_text(vocabulary + 1));
  EXPECT_TRUE(tokenizer->has_text(vocabulary + 2));
}

}  // namespace
}  // namespace convoy
