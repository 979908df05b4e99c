// A Hugging Face tokenizer.json, taken apart.
//
// Understood is the family of GPT-2: normalizers NFC, NFD, NFKC and NFKD, pre_tokenizer ByteLevel alone or after Split
// and Digits, model BPE over bytes; and our own characters tokenizer: model BPE without merges, no pre_tokenizer.
// Whatever else would change the tokens is a DataError that names it. Left out are post_processor, truncation and
// padding: a text is encoded whole, without special tokens being added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datasets/tokenizers/added_tokens.h"
#include "datasets/tokenizers/normalizer.h"
#include "datasets/tokenizers/pre_tokenizer.h"

namespace convoy {

struct TokenizerJson {
  std::vector<std::pair<std::string, int32_t>> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
  std::vector<AddedToken> added_tokens;
  std::vector<NormalForm> normal_forms;  // applied one after the other
  std::vector<CutRule> cut_rules;
  bool byte_level = false;     // entries are written in byte_alphabet()
  bool ignore_merges = false;  // a word that is an entry is taken whole
};

// origin: the file's name for messages.
TokenizerJson parse_tokenizer_json(std::string_view content, std::string_view origin);

}  // namespace convoy
