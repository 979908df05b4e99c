// Byte-level BPE, the tokenizer of GPT-2 and its kin: any UTF-8 text can be expressed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"
#include "datasets/tokenizers/added_tokens.h"
#include "datasets/tokenizers/normalizer.h"
#include "datasets/tokenizers/pre_tokenizer.h"
#include "datasets/tokenizers/tokenizer_json.h"
#include "datasets/tokenizers/word_encoder.h"

namespace convoy {

// Gives the tokens that Hugging Face's `tokenizers` 0.23 gives with add_special_tokens=False, and needs the memory of
// the longest word: a word that is too long for this is refused (see WordEncoder, RegexCutter, Normalizer).
class ByteLevelBpe final : public Tokenizer {
 public:
  // content: of the file that `parts` was parsed from. Throws DataError if its parts do not fit each other.
  ByteLevelBpe(const TokenizerJson& parts, std::string content);

  int64_t vocabulary() const override { return static_cast<int64_t>(bytes_of_.size()); }
  std::unique_ptr<TextEncoder> make_encoder() const override;
  std::unique_ptr<TextEncoder> make_plain_encoder() const override;
  std::vector<std::pair<std::string, int32_t>> special_tokens() const override { return special_tokens_; }
  std::string decode(const std::vector<int32_t>& tokens, size_t first) const override;
  bool has_text(int32_t token) const override {
    return token >= 0 && token < vocabulary() && !bytes_of_[static_cast<size_t>(token)].empty();
  }
  int32_t end_of_text() const override { return end_of_text_; }
  std::pair<std::string, std::string> file() const override { return {"tokenizer.json", content_}; }

 private:
  class Encoder;
  void add_entry(int32_t id, std::string_view entry, std::string bytes);

  std::string content_;
  std::vector<NormalForm> normal_forms_;
  // Looked for in the text as it is written and as it is normalized.
  struct Marks {
    AddedTokens written, normalized;
  };
  Marks marks_, plain_marks_;  // all, and those that are text
  std::vector<std::pair<std::string, int32_t>> special_tokens_;
  PreTokenizer pre_tokenizer_;
  WordRules words_;
  std::vector<std::string> bytes_of_;  // by token
  int32_t end_of_text_ = -1;
};

}  // namespace convoy
