// Which characters stand side by side in a piece of a vocabulary. Between others no token can lie, so that what is
// before and what is behind are encoded as if they were alone.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "datasets/tokenizers/sentence_piece/model_file.h"

namespace convoy::sentence_piece {

class Neighbours {
 public:
  explicit Neighbours(const ModelFile& file);

  // The first place at or behind byte `from`, which is above 0, where normalized text may be cut; text.size(): none
  // yet. Never between two spaces: those at a text's end may have to go.
  size_t find_cut(std::string_view text, size_t from) const;

 private:
  void add(char32_t first, char32_t second);
  bool may_cut(char32_t first, char32_t second) const;

  bool words_are_whole_, space_is_suffix_;
  std::unordered_set<uint64_t> pairs_;
  std::bitset<128 * 128> ascii_pairs_;  // the same, of two ASCII characters
};

}  // namespace convoy::sentence_piece
