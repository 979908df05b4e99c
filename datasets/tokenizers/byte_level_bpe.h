// Byte-level BPE, the tokenizer of GPT-2 and its kin: any UTF-8 text can be expressed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tokenizer/tokenizer.h"
#include "datasets/tokenizers/added_tokens.h"
#include "datasets/tokenizers/bpe_merges.h"
#include "datasets/tokenizers/pre_tokenizer.h"
#include "datasets/tokenizers/tokenizer_json.h"

namespace convoy {

// Gives the tokens that Hugging Face's `tokenizers` gives with add_special_tokens=False. Thread safe.
class ByteLevelBpe final : public Tokenizer {
 public:
  // content: of the file that `parts` was parsed from. Throws DataError if its parts do not fit each other.
  ByteLevelBpe(const TokenizerJson& parts, std::string content);

  int64_t vocabulary() const override { return static_cast<int64_t>(bytes_of_.size()); }
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string decode(const std::vector<int32_t>& tokens) const override;
  bool has_text(int32_t token) const override {
    return token >= 0 && token < vocabulary() && !bytes_of_[static_cast<size_t>(token)].empty();
  }
  int32_t end_of_text() const override { return added_.end_of_text(); }
  std::pair<std::string, std::string> file() const override { return {"tokenizer.json", content_}; }

 private:
  class Encoder;
  void add_entries(const TokenizerJson& parts);
  void add_merges(const TokenizerJson& parts);

  std::string content_;
  AddedTokens added_;
  PreTokenizer pre_tokenizer_;
  BpeMerges merges_;
  std::array<int32_t, 256> symbol_of_byte_;         // -1: the vocabulary lacks it
  std::vector<std::string> bytes_of_;               // by token
  std::unordered_map<std::string, int32_t> whole_;  // words taken whole, by bytes; empty unless ignore_merges
};

}  // namespace convoy
