#include "datasets/tokenizers/plain_tokenizers.h"

#include "core/base/utf8.h"
#include "datasets/tokenizers/byte_alphabet.h"
#include "datasets/tokenizers/write_tokenizer_json.h"

namespace convoy {
namespace {

std::string to_utf8(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return text;
}

}  // namespace

std::string characters_tokenizer_json(const std::set<char32_t>& characters) {
  BpeTokenizerParts parts;
  for (const char32_t character : characters) parts.vocabulary[to_utf8(character)] = parts.vocabulary.size();
  parts.decoder = {{"type", "Fuse"}};
  return bpe_tokenizer_json(parts, 1);
}

std::string bytes_tokenizer_json() {
  BpeTokenizerParts parts;
  for (size_t byte = 0; byte < 256; ++byte) parts.vocabulary[to_utf8(byte_alphabet()[byte])] = byte;
  parts.decoder = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  parts.pre_tokenizer = parts.decoder;
  return bpe_tokenizer_json(parts, 1);
}

}  // namespace convoy
