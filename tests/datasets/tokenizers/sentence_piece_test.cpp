// What is normalized and cut here, and encoded by the library in parts, has the tokens that the library makes of the
// whole; and what is decoded token by token has the bytes that it makes of all of them.
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

#include <random>

#include "core/base/files.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

class SentencePieceModel : public testing::TestWithParam<const char*> {
 protected:
  SentencePieceModel() {
    const auto path = std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers" / GetParam();
    tokenizer_ = load_tokenizer(path);
    EXPECT_TRUE(library_.LoadFromSerializedProto(read_file(path)).ok());
  }
  std::vector<int32_t> by_library(const std::string& text) const {
    std::vector<int> tokens;
    EXPECT_TRUE(library_.Encode(text, &tokens).ok());
    return tokens;
  }
  std::vector<int32_t> in_parts(const std::string& text, size_t most_bytes) {
    std::vector<int32_t> tokens;
    const auto encoder = tokenizer_->make_encoder();
    for (size_t done = 0, bytes = 0; done < text.size(); done += bytes) {
      bytes = random_() % (most_bytes + 1);
      encoder->add(std::string_view(text).substr(done, bytes), tokens);
    }
    encoder->finish(tokens);
    return tokens;
  }
  // Of words, spaces, line ends and what the rules of the models speak of.
  std::string random_text(size_t pieces) {
    static const std::vector<std::string> kPieces = {" ",
                                                     " ",
                                                     " ",
                                                     "\n",
                                                     "the",
                                                     "The ",
                                                     "and",
                                                     " of",
                                                     "ing",
                                                     "a",
                                                     "e",
                                                     "s",
                                                     "t",
                                                     ".",
                                                     "..",
                                                     " .",
                                                     ",",
                                                     "e\u0301",
                                                     "\u3000",
                                                     "\u200b",
                                                     "\ufb01",
                                                     "\u00a0",
                                                     "\r",
                                                     "\t",
                                                     "\u2581",
                                                     "\u65e5\u672c",
                                                     "\u00e9",
                                                     "\U0001f600",
                                                     "<sep>",
                                                     "<s>",
                                                     "<unk>",
                                                     "</s>",
                                                     "<0x41>",
                                                     "    ",
                                                     "1",
                                                     "2",
                                                     std::string(1, '\0'),
                                                     "king",
                                                     "HAMLET",
                                                     "'s",
                                                     "-",
                                                     "q\u0301"};
    std::string text;
    for (size_t i = 0; i < pieces; ++i) text += kPieces[random_() % kPieces.size()];
    return text;
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  sentencepiece::SentencePieceProcessor library_;
  std::mt19937 random_{1};
};
INSTANTIATE_TEST_SUITE_P(Kinds, SentencePieceModel,
                         testing::Values("sentence_piece.model", "sentence_piece_lines.model",
                                         "sentence_piece_unigram.model", "sentence_piece_suffix.model",
                                         "sentence_piece_bare.model", "sentence_piece_across.model",
                                         "sentence_piece_words.model", "sentence_piece_characters.model"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, name.find('.'));
                         });

TEST_P(SentencePieceModel, ShortTexts) {
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random_() % 12);
    const auto wanted = by_library(text);
    ASSERT_EQ(tokenizer_->encode(text), wanted) << '"' << text << '"';
    ASSERT_EQ(in_parts(text, 5), wanted) << '"' << text << '"';
  }
}

// Many parts. A Unigram model's sums of a whole long text are rounded otherwise: such a model gets a short one.
TEST_P(SentencePieceModel, ALongText) {
  const std::string name = GetParam();
  const bool adds_up = name.find("unigram") != std::string::npos || name.find("bare") != std::string::npos;
  const std::string text = random_text(adds_up ? 15000 : 100000);
  const auto wanted = by_library(text);
  EXPECT_EQ(tokenizer_->encode(text), wanted);
  EXPECT_EQ(in_parts(text, 100000), wanted);
}

// How a text comes does not matter to Unigram models either.
TEST_P(SentencePieceModel, PartsOfAnyLength) {
  const std::string text = random_text(100000);
  EXPECT_EQ(in_parts(text, 3000), tokenizer_->encode(text));
}

std::string valid_only(const std::string& text, const std::string& decoded) {
  return first_invalid_utf8(text) ? decoded : text;  // the library puts U+FFFD for bytes that are no UTF-8
}

TEST_P(SentencePieceModel, DecodesAsTheLibrary) {
  for (int round = 0; round < 3000; ++round) {
    std::vector<int32_t> tokens(random_() % 8);
    for (int32_t& token : tokens)
      token = static_cast<int32_t>(random_() % static_cast<uint32_t>(tokenizer_->vocabulary()));
    if (round % 2 == 0) tokens = tokenizer_->encode(random_text(random_() % 8));
    std::string wanted, joined;
    ASSERT_TRUE(library_.Decode(tokens, &wanted).ok());
    const std::string whole = tokenizer_->decode(tokens);
    EXPECT_EQ(valid_only(whole, wanted), wanted);
    for (size_t i = 0; i < tokens.size(); ++i)
      joined += tokenizer_->decode({tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1}, i);
    EXPECT_EQ(joined, whole);
  }
}

}  // namespace
}  // namespace convoy
