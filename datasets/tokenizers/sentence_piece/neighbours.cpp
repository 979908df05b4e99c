#include "datasets/tokenizers/sentence_piece/neighbours.h"

#include "core/base/utf8.h"

namespace convoy::sentence_piece {
namespace {

constexpr char32_t kSpaceCharacter = 0x2581;

uint64_t pair_of(char32_t first, char32_t second) { return uint64_t{first} << 32 | second; }
bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; }

}  // namespace

Neighbours::Neighbours(const ModelFile& file)
    : words_are_whole_(file.type == ModelType::word), space_is_suffix_(file.space_is_suffix) {
  add(kSpaceCharacter, kSpaceCharacter);
  add(' ', ' ');
  for (const Piece& piece : file.pieces) {
    const bool is_text =
        piece.type == PieceType::normal || piece.type == PieceType::user_defined || piece.type == PieceType::unused;
    if (!is_text || piece.text.empty() || first_invalid_utf8(piece.text)) continue;
    size_t position = 0;
    char32_t first = next_code_point(piece.text, position);
    while (position < piece.text.size()) {
      const char32_t second = next_code_point(piece.text, position);
      add(first, second);
      first = second;
    }
  }
}

void Neighbours::add(char32_t first, char32_t second) {
  if (first < 128 && second < 128)
    ascii_pairs_.set(first * 128 + second);
  else
    pairs_.insert(pair_of(first, second));
}

size_t Neighbours::find_cut(std::string_view text, size_t from) const {
  while (from < text.size() && is_inside_character(text[from])) ++from;
  if (from >= text.size()) return text.size();
  size_t begin = from - 1;
  while (begin > 0 && is_inside_character(text[begin])) --begin;
  char32_t first = next_code_point(text, begin);
  while (from < text.size()) {
    size_t behind = from;
    const char32_t second = next_code_point(text, behind);
    if (may_cut(first, second)) return from;
    first = second;
    from = behind;
  }
  return text.size();
}

// The words of a word model are cut at spaces, not where the vocabulary says.
bool Neighbours::may_cut(char32_t first, char32_t second) const {
  if (words_are_whole_ && (space_is_suffix_ ? first : second) != kSpaceCharacter) return false;
  if (first < 128 && second < 128) return !ascii_pairs_.test(first * 128 + second);
  return !pairs_.contains(pair_of(first, second));
}

}  // namespace convoy::sentence_piece
