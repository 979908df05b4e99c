#include "datasets/tokenizers/sentence_piece/normalizer.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace convoy::sentence_piece {
namespace {

// A unit of the double array, as Darts-clone lays it out.
bool has_value(uint32_t unit) { return (unit >> 8 & 1) == 1; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }

uint32_t read_u32(std::string_view bytes, size_t at) {
  uint32_t value = 0;  // little endian, as every processor that runs this
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; }

[[noreturn]] void throw_bad_rules() { throw DataError("its normalization rules are damaged"); }

}  // namespace

NormalizationRules::NormalizationRules(const ModelFile& file)
    : adds_dummy_space(file.add_dummy_prefix),
      space_is_suffix(file.space_is_suffix),
      removes_extra_spaces(file.remove_extra_spaces),
      space(file.escape_spaces ? "\xE2\x96\x81" : " ") {
  if (!file.character_map.empty()) {
    if (file.character_map.size() < 4) throw_bad_rules();
    const uint32_t bytes = read_u32(file.character_map, 0);
    if (bytes >= file.character_map.size() - 4 || bytes % 4 != 0 || file.character_map.back() != '\0')
      throw_bad_rules();
    trie_ = file.character_map.substr(4, bytes);
    texts_ = file.character_map.substr(4 + bytes);
    if (first_invalid_utf8(texts_)) throw_bad_rules();
  }
  for (const Piece& piece : file.pieces) {
    if (piece.type != PieceType::user_defined || piece.text.empty()) continue;
    if (first_invalid_utf8(piece.text)) throw_bad_rules();
    symbols_.push_back(piece.text);
  }
  std::ranges::stable_sort(symbols_, std::ranges::greater(), &std::string_view::size);
  for (size_t i = 0; i < symbols_.size(); ++i)
    by_first_byte_[static_cast<unsigned char>(symbols_[i].front())].push_back(i);
}

uint32_t NormalizationRules::unit(uint32_t index) const {
  if (size_t{index} * 4 >= trie_.size()) throw_bad_rules();
  return read_u32(trie_, size_t{index} * 4);
}

NormalizationRules::Chunk NormalizationRules::first_chunk(std::string_view text, bool ends) const {
  for (const size_t i : by_first_byte_[static_cast<unsigned char>(text.front())]) {
    if (text.starts_with(symbols_[i])) return {symbols_[i].size(), symbols_[i]};
    if (!ends && symbols_[i].starts_with(text)) return {};
  }
  Chunk longest;
  if (!trie_.empty()) {
    uint32_t node = offset_of(unit(0));
    size_t length = 0;
    for (; length < text.size(); ++length) {
      const auto byte = static_cast<unsigned char>(text[length]);
      node ^= byte;
      const uint32_t here = unit(node);
      if (label_of(here) != byte) break;
      node ^= offset_of(here);
      if (!has_value(here)) continue;
      const uint32_t at = value_of(unit(node));
      if (at >= texts_.size() || continues_character(texts_[at])) throw_bad_rules();
      longest = {length + 1, std::string_view(texts_.data() + at)};
    }
    if (!ends && length == text.size()) return {};
  }
  if (longest.bytes > 0) return longest;
  size_t behind = 0;
  next_code_point(text, behind);
  if (behind == 0) throw_bad_rules();  // the rule before ends inside a character
  return {behind, text.substr(0, behind)};
}

void Normalizer::add(std::string_view text, std::string& out) {
  if (pending_.empty()) {
    pending_.assign(text.substr(normalize(text, false, out)));
    return;
  }
  pending_.append(text);
  pending_.erase(0, normalize(pending_, false, out));
}

void Normalizer::finish(std::string& out) {
  normalize(pending_, true, out);
  pending_.clear();
  if (has_begun_) {
    while (rules_.removes_extra_spaces && out.ends_with(rules_.space)) out.resize(out.size() - rules_.space.size());
    if (rules_.space_is_suffix && rules_.adds_dummy_space) out += rules_.space;
  }
  has_begun_ = false;
  after_space_ = rules_.removes_extra_spaces;
}

// How much of the text was normalized: the rest waits for more.
size_t Normalizer::normalize(std::string_view text, bool ends, std::string& out) {
  size_t done = 0;
  while (done < text.size()) {
    const auto chunk = rules_.first_chunk(text.substr(done), ends);
    if (chunk.bytes == 0) break;
    done += chunk.bytes;
    if (!has_begun_ && rules_.removes_extra_spaces && chunk.becomes == " ") continue;
    append(chunk.becomes, out);
  }
  return done;
}

void Normalizer::append(std::string_view chunk, std::string& out) {
  if (!has_begun_ && rules_.adds_dummy_space && !rules_.space_is_suffix) out += rules_.space;
  has_begun_ = true;
  while (after_space_ && chunk.starts_with(' ')) chunk.remove_prefix(1);
  if (chunk.empty()) return;
  for (const char c : chunk)
    if (c == ' ')
      out += rules_.space;
    else
      out += c;
  after_space_ = rules_.removes_extra_spaces && chunk.ends_with(' ');
}

}  // namespace convoy::sentence_piece
