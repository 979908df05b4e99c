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

// With rules for characters, whose tables we read ourselves: an error or other tokens, never a read outside.
TEST(BadTokenizer, SentencePieceDamagedAnywhere) {
  const std::string whole = read_reference("sentence_piece_suffix.model");
  for (size_t bytes = 1; bytes < whole.size(); bytes += 23) try {
      parse_tokenizer(whole.substr(0, bytes), "x.model")->encode("e\u0301 a... .\ufb01\n");
    } catch (const DataError&) {
    }
  for (size_t place = whole.rfind("user_defined"); place < whole.size(); ++place) try {
      std::string damaged = whole;
      damaged[place] = static_cast<char>(damaged[place] ^ 0x55);
      parse_tokenizer(damaged, "x.model")->encode("e\u0301 a... .\ufb01\n");
    } catch (const DataError&) {
    }
}

TEST(BadTokenizer, NamesWhatIsNotSupported) {
  EXPECT_DATA_ERROR(load_with("/normalizer", {{"type", "Lowercase"}}), "folder/tokenizer.json", "normalizer Lowercase");
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

// Where the library would give other ids than the file says.
TEST(BadTokenizer, IdsThatTheLibraryWouldNotGive) {
  const auto added = [](int64_t id, const char* content) { return json{{"id", id}, {"content", content}}; };
  EXPECT_NO_THROW(load_with("/added_tokens/1", added(1057, "<x>")));
  EXPECT_DATA_ERROR(load_with("/added_tokens/1", added(1060, "<x>")), "\"<x>\" has id 1060", "would give it 1057");
  EXPECT_DATA_ERROR(load_with("/added_tokens/0/id", 5), "\"<|endoftext|>\" has id 5", "would give it 0");
  EXPECT_DATA_ERROR(load_with("/model/vocab/!", 7), "both have id 7");
  EXPECT_DATA_ERROR(load_with("/added_tokens/1", added(good()["model"]["vocab"]["\u00e9"], "\u00e9")), "other bytes");
}

// An entry with a character that stands for no byte is never made.
TEST(BadTokenizer, EntriesThatAreNotWrittenInBytes) {
  json file = good();
  file["model"]["vocab"][" "] = 1057;
  file["model"]["vocab"]["\n"] = 1058;
  const auto tokenizer = parse_tokenizer(json_text(file), "tokenizer.json"),
             plain = parse_tokenizer(json_text(good()), "");
  EXPECT_EQ(tokenizer->encode("a  b\n\n"), plain->encode("a  b\n\n"));
  EXPECT_EQ(tokenizer->decode({1057, 1058}), " \n");
}

// What lies beside a tokenizer and is taken for one.
TEST(BadTokenizer, SaysWhatAnotherFileIs) {
  const auto refused = [](const std::string& content, const std::string& what,
                          const char* take = "take the tokenizer.json") {
    for (const char* name : {"folder/tokenizer.model", "folder/tokenizer.json", "folder/file"})
      EXPECT_DATA_ERROR(parse_tokenizer(content, name), name, what, take);
  };
  refused("IQ== 0\nIg== 1\nIw== 2\nzKY= 3\n", "ranks of tiktoken");
  refused("#version: 0.2\n\u0120 t\n", "merges.txt");
  refused("\u0120 t\n\u0120 a\nh e\ni n\n", "merges.txt");
  refused("[PAD]\n[UNK]\n[CLS]\nthe\n", "vocab.txt");
  refused("<unk>\t0\n<s>\t0\n\u2581the\t-1.5\n", "list of a SentencePiece model", "take the .model");
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "Git LFS", "git lfs pull");
  refused("<!DOCTYPE html>\n<html>", "web page", "download");
  refused("PK\x03\x04 rest", "zip", "unzip");
  refused("\x1f\x8b rest", "gzip", "gunzip");
  refused("GGUF\x03", "GGUF");
  refused(std::string("\x20\0\0\0\0\0\0\0{\"a\": 1}       ", 24), "safetensors");
}

TEST(BadTokenizer, SaysWhatOtherJsonIs) {
  const auto refused = [](const json& content, const std::string& what) {
    EXPECT_DATA_ERROR(parse_tokenizer(json_text(content), "folder/tokenizer.json"), "folder/tokenizer.json", what,
                      "take the tokenizer.json");
  };
  refused({{"!", 0}, {"a", 1}}, "vocab.json");
  refused({{"config", {{"pattern", "a"}}}, {"vocab", {{{"rank", 0}, {"token_bytes", "IQ=="}}}}}, "tekken");
  refused({{"tokenizer_class", "GPT2Tokenizer"}}, "tokenizer_config.json");
  refused({{"model_type", "gpt2"}}, "config.json");
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
