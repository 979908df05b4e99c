// Words to tokens by byte-level BPE: the bytes of a word are merged.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/tokenizers/bpe_merges.h"
#include "datasets/tokenizers/tokenizer_json.h"
#include "datasets/tokenizers/word_cache.h"

namespace convoy {

struct WordRules {
  // Throws DataError if the parts do not fit each other.
  explicit WordRules(const TokenizerJson& parts);

  BpeMerges merges;
  std::array<int32_t, 256> symbol_of_byte;         // -1: the vocabulary lacks it
  std::unordered_map<std::string, int32_t> whole;  // words taken whole, by bytes; empty unless ignore_merges
  std::bitset<256 * 256> neighbours;               // first byte * 256 + second: side by side in an entry
  size_t longest_entry = 0;                        // bytes
};

// Words seen before are copied from a cache. Use from one thread.
class WordEncoder {
 public:
  explicit WordEncoder(const WordRules& rules) : rules_(rules), merger_(rules.merges) {}

  // The next part of a word; ends: that was all of it. Throws DataError at a byte that the vocabulary lacks, and at a
  // word of more than 4 MiB that cannot be encoded in parts.
  void add(std::string_view part, bool ends, std::vector<int32_t>& tokens);

 private:
  void encode_word(std::string_view word, std::vector<int32_t>& tokens);
  void merge(std::string_view word, bool is_whole);
  void shorten(std::vector<int32_t>& tokens);

  const WordRules& rules_;
  WordMerger merger_;
  WordCache cache_;
  std::vector<int32_t> symbols_;  // of the current word
  std::string word_;              // what has come of a word that has not ended
  size_t searched_ = 0;           // bytes of it that were searched for a cut
  bool is_cut_ = false;           // its beginning is encoded already
};

}  // namespace convoy
