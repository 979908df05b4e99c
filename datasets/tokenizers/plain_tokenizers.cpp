#include "datasets/tokenizers/plain_tokenizers.h"

#include <nlohmann/json.hpp>

#include "core/base/json_text.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/byte_alphabet.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

std::string to_utf8(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return text;
}

std::string file_of(const Json& pre_tokenizer, const Json& decoder, const Json& vocabulary) {
  const Json model = {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", false},
                      {"vocab", vocabulary},
                      {"merges", Json::array()}};
  const Json file = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", Json::array()},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", pre_tokenizer},
                     {"post_processor", nullptr},
                     {"decoder", decoder},
                     {"model", model}};
  return json_text(file, 1) + "\n";
}

}  // namespace

std::string characters_tokenizer_json(const std::set<char32_t>& characters) {
  Json vocabulary = Json::object();
  for (const char32_t character : characters) vocabulary[to_utf8(character)] = vocabulary.size();
  return file_of(nullptr, {{"type", "Fuse"}}, vocabulary);
}

std::string bytes_tokenizer_json() {
  Json vocabulary = Json::object();
  for (size_t byte = 0; byte < 256; ++byte) vocabulary[to_utf8(byte_alphabet()[byte])] = byte;
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  return file_of(byte_level, byte_level, vocabulary);
}

}  // namespace convoy
