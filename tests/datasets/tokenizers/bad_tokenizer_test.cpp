// Tokenizer files that are damaged or of a kind that would give other tokens than their library.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/json_text.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

using nlohmann::json;

std::string read_reference(const std::string& name) {
  std::ifstream stream(std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers" / name);
  return {std::istreambuf_iterator<char>(stream), {}};
}

json good() { return parse_json(read_reference("gpt2_style.json")); }

// The good file with one value changed.
void load_with(const std::string& pointer, const json& value) {
  json file = good();
  file[json::json_pointer(pointer)] = value;
  parse_tokenizer(json_text(file), "folder/tokenizer.json");
}

TEST(BadTokenizer, TheGoodOneIsGood) { EXPECT_NO_THROW(load_with("/version", "1.0")); }

TEST(BadTokenizer, NotJson) {
  for (const char* text :
       {"{", "{\"model\": ", "[]", "null", "hello", "{}", "{\"model\": 3}", "{\"model\": {\"vocab\": []}}"})
    EXPECT_DATA_ERROR(parse_tokenizer(text, "folder/tokenizer.json"), "folder/tokenizer.json",
                      "check that the file is whole");
  EXPECT_DATA_ERROR(parse_tokenizer("", "folder/tokenizer.json"), "folder/tokenizer.json", "empty");
}

TEST(BadTokenizer, CutAnywhere) {
  const std::string whole = read_reference("gpt2_style.json");
  for (size_t bytes = 1; bytes + 2 < whole.size(); bytes += 97)
    EXPECT_DATA_ERROR(parse_tokenizer(whole.substr(0, bytes), "tokenizer.json"), "tokenizer.json");
}

TEST(BadTokenizer, SentencePieceDamaged) {
  const std::string whole = read_reference("sentence_piece.model");
  EXPECT_DATA_ERROR(parse_tokenizer(whole.substr(0, 1000), "x.model"), "x.model", "not a SentencePiece model");
  EXPECT_DATA_ERROR(parse_tokenizer("hello", "x.model"), "x.model", "not a SentencePiece model");
}

TEST(BadTokenizer, NamesWhatIsNotSupported) {
  EXPECT_DATA_ERROR(load_with("/normalizer", {{"type", "NFC"}}), "folder/tokenizer.json", "normalizer NFC");
  EXPECT_DATA_ERROR(load_with("/model/type", "WordPiece"), "model WordPiece", "wanted BPE");
  EXPECT_DATA_ERROR(load_with("/model/byte_fallback", true), "byte_fallback");
  EXPECT_DATA_ERROR(load_with("/model/dropout", 0.1), "dropout");
  EXPECT_DATA_ERROR(load_with("/model/end_of_word_suffix", "</w>"), "end_of_word_suffix");
  EXPECT_DATA_ERROR(load_with("/pre_tokenizer", {{"type", "Metaspace"}}), "Metaspace");
  EXPECT_DATA_ERROR(load_with("/pre_tokenizer", nullptr), "without pre_tokenizer ByteLevel", "tokenizer.model");
  EXPECT_DATA_ERROR(load_with("/added_tokens/0/lstrip", true), "<|endoftext|>", "lstrip");
  const json split = {
      {"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithNext"}, {"invert", false}};
  EXPECT_DATA_ERROR(load_with("/pre_tokenizer", split), "MergedWithNext");
}

TEST(BadTokenizer, PartsThatDoNotFit) {
  EXPECT_DATA_ERROR(load_with("/model/merges/0", "h zz"), "\"hzz\", which is no entry");
  EXPECT_DATA_ERROR(load_with("/model/merges/0", "alone"), "merge \"alone\" is no pair");
  EXPECT_DATA_ERROR(load_with("/model/vocab/!", -5), "id -5");
  EXPECT_DATA_ERROR(load_with("/model/vocab/!", 2000000000), "id 2000000000");
}

TEST(BadTokenizer, ByteWithoutToken) {
  json file = good();
  file["model"]["vocab"].erase("?");
  file["model"]["merges"] = json::array();
  const auto tokenizer = parse_tokenizer(json_text(file), "tokenizer.json");
  EXPECT_NO_THROW(tokenizer->encode("fine"));
  EXPECT_DATA_ERROR(tokenizer->encode("what?"), "0x3f at position 4");
  EXPECT_DATA_ERROR(tokenizer->encode("a<|endoftext|>b?"), "0x3f at position 15");
}

}  // namespace
}  // namespace convoy
