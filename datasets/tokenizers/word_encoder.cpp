#include "datasets/tokenizers/word_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "datasets/tokenizers/byte_alphabet.h"

namespace convoy {
namespace {

constexpr size_t kLongWord = 64 << 10;
constexpr size_t kLongestWord = size_t{4} << 20;

size_t pair_of(char first, char second) {
  return size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second);
}

}  // namespace

WordRules::WordRules(const TokenizerJson& parts) {
  symbol_of_byte.fill(-1);
  for (const auto& [entry, id] : parts.vocabulary) {
    const std::optional<std::string> bytes = bytes_of_entry(entry);
    if (!bytes || bytes->empty()) continue;
    if (bytes->size() == 1) symbol_of_byte[static_cast<unsigned char>(bytes->front())] = id;
    for (size_t i = 1; i < bytes->size(); ++i) neighbours.set(pair_of((*bytes)[i - 1], (*bytes)[i]));
    longest_entry = std::max(longest_entry, bytes->size());
    if (parts.ignore_merges) whole.emplace(*bytes, id);
  }
  const std::unordered_map<std::string, int32_t> ids(parts.vocabulary.begin(), parts.vocabulary.end());
  const auto id_of = [&](const std::string& entry) {
    const auto place = ids.find(entry);
    if (place == ids.end()) throw DataError(fmt::format("a merge speaks of \"{}\", which is no entry", entry));
    return place->second;
  };
  for (const auto& [left, right] : parts.merges) merges.add(id_of(left), id_of(right), id_of(left + right));
}

void WordEncoder::add(std::string_view part, bool ends, std::vector<int32_t>& tokens) {
  if (word_.empty() && ends && !is_cut_ && part.size() <= kLongWord) {
    if (!part.empty()) encode_word(part, tokens);
    return;
  }
  word_.append(part);
  shorten(tokens);
  if (!ends) return;
  if (!word_.empty()) {
    merge(word_, !is_cut_);
    tokens.insert(tokens.end(), symbols_.begin(), symbols_.end());
  }
  word_.clear();
  searched_ = 0;
  is_cut_ = false;
}

// A long word is encoded in parts: bytes that are neighbours in no entry are never merged.
void WordEncoder::shorten(std::vector<int32_t>& tokens) {
  const size_t part_bytes = std::max(kLongWord, rules_.longest_entry);
  size_t begin = 0;
  for (searched_ = std::max(searched_, part_bytes); searched_ < word_.size();) {
    if (rules_.neighbours.test(pair_of(word_[searched_ - 1], word_[searched_]))) {
      ++searched_;
      continue;
    }
    merge(std::string_view(word_).substr(begin, searched_ - begin), false);
    tokens.insert(tokens.end(), symbols_.begin(), symbols_.end());
    is_cut_ = true;
    begin = searched_;
    searched_ += part_bytes;
  }
  word_.erase(0, begin);
  searched_ -= begin;
  if (word_.size() > kLongestWord)
    throw DataError("a word of more than 4 MiB cannot be encoded in parts; break it up with line ends or blanks");
}

void WordEncoder::encode_word(std::string_view word, std::vector<int32_t>& tokens) {
  if (const auto known = cache_.find(word)) {
    tokens.insert(tokens.end(), known->begin(), known->end());
    return;
  }
  merge(word, true);
  tokens.insert(tokens.end(), symbols_.begin(), symbols_.end());
  cache_.add(word, symbols_);
}

void WordEncoder::merge(std::string_view word, bool is_whole) {
  symbols_.clear();
  if (is_whole && !rules_.whole.empty()) {
    const auto place = rules_.whole.find(std::string(word));
    if (place != rules_.whole.end()) return symbols_.push_back(place->second);
  }
  for (const char byte : word) {
    const int32_t symbol = rules_.symbol_of_byte[static_cast<unsigned char>(byte)];
    if (symbol < 0)
      throw DataError(
          fmt::format("byte {:#04x} in the normalized text is not in the tokenizer's vocabulary; choose a "
                      "tokenizer with all 256 bytes",
                      static_cast<unsigned char>(byte)));
    symbols_.push_back(symbol);
  }
  if (!rules_.merges.empty()) merger_.merge(symbols_);
}

}  // namespace convoy
