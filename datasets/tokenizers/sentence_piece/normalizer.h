// SentencePiece's normalization, of texts that come in parts: the longest match among the rules that the model brings
// along, then spaces. Kudo and Richardson, arXiv:1808.06226.
//
// libsentencepiece normalizes and encodes whole texts only; so this is done here, and the library is given text that is
// normalized already. Spaces are what a rule turns into U+0020: leading, trailing and repeated ones are removed if the
// model says so, a dummy one is put before (or behind) the text, and U+2581 is written for each.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tokenizers/sentence_piece/model_file.h"

namespace convoy::sentence_piece {

// Thread safe.
class NormalizationRules {
 public:
  // The file's content must live as long. Throws DataError if its character map is damaged.
  explicit NormalizationRules(const ModelFile& file);

  struct Chunk {
    size_t bytes = 0;  // of the text; 0: it must go on to tell
    std::string_view becomes;
  };
  // What the text begins with. It must not be empty; ends: nothing follows it.
  Chunk first_chunk(std::string_view text, bool ends) const;

  bool adds_dummy_space, space_is_suffix, removes_extra_spaces;
  std::string_view space;  // as it is written

 private:
  uint32_t unit(uint32_t index) const;

  std::string_view trie_, texts_;                       // a double array, and what its values point to
  std::vector<std::string_view> symbols_;               // user-defined pieces, longest first: they stay as they are
  std::array<std::vector<size_t>, 256> by_first_byte_;  // indices into symbols_
};

// Use from one thread.
class Normalizer {
 public:
  explicit Normalizer(const NormalizationRules& rules) : rules_(rules), after_space_(rules.removes_extra_spaces) {}

  // Valid UTF-8, whole characters. Appends to `out` what is certain.
  void add(std::string_view text, std::string& out);
  // The text ends. `out` has what was appended last, all of its last spaces at least.
  void finish(std::string& out);

 private:
  size_t normalize(std::string_view text, bool ends, std::string& out);
  void append(std::string_view chunk, std::string& out);

  const NormalizationRules& rules_;
  std::string pending_;     // what a rule may still match
  bool has_begun_ = false;  // behind the spaces that lead the text
  bool after_space_;        // further ones are removed
};

}  // namespace convoy::sentence_piece
