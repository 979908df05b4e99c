#include "datasets/tokenizers/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "datasets/text/utf8.h"
#include "datasets/tokenizers/byte_alphabet.h"

namespace convoy {
namespace {

constexpr int32_t kLargestId = 1 << 28;  // beyond any vocabulary: a damaged file must not ask for all memory
constexpr size_t kLongestCachedWord = 64;
constexpr size_t kMostCachedWords = 1 << 20;

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

void check_id(int64_t id, std::string_view entry) {
  if (id < 0 || id > kLargestId) throw DataError(fmt::format("entry \"{}\" has id {}", entry, id));
}

}  // namespace

// One call of encode: words seen before are copied from a cache.
class ByteLevelBpe::Encoder {
 public:
  explicit Encoder(const ByteLevelBpe& tokenizer) : tokenizer_(tokenizer), merger_(tokenizer.merges_) {}

  // Text without added tokens; begin: its place in the whole, for messages.
  void encode(std::string_view text, size_t begin) {
    check_bytes(text, begin);
    tokenizer_.pre_tokenizer_.cut(text, [this](std::string_view word) { encode_word(word); });
  }
  std::vector<int32_t> tokens;

 private:
  void check_bytes(std::string_view text, size_t begin) const {
    for (size_t i = 0; i < text.size(); ++i)
      if (tokenizer_.symbol_of_byte_[static_cast<unsigned char>(text[i])] < 0)
        throw DataError(
            fmt::format("byte {:#04x} at position {} of the text is not in the tokenizer's vocabulary; "
                        "choose a tokenizer with all 256 bytes",
                        static_cast<unsigned char>(text[i]), begin + i));
  }

  void encode_word(std::string_view word) {
    if (const auto place = cache_.find(word); place != cache_.end()) {
      const auto [first, count] = place->second;
      tokens.insert(tokens.end(), cached_.begin() + first, cached_.begin() + first + count);
      return;
    }
    merge(word);
    tokens.insert(tokens.end(), symbols_.begin(), symbols_.end());
    if (word.size() > kLongestCachedWord || cache_.size() >= kMostCachedWords) return;
    cache_.emplace(word, std::pair{static_cast<int64_t>(cached_.size()), static_cast<int64_t>(symbols_.size())});
    cached_.insert(cached_.end(), symbols_.begin(), symbols_.end());
  }

  void merge(std::string_view word) {
    symbols_.clear();
    if (!tokenizer_.whole_.empty()) {
      const auto place = tokenizer_.whole_.find(std::string(word));
      if (place != tokenizer_.whole_.end()) return symbols_.push_back(place->second);
    }
    for (const char byte : word) symbols_.push_back(tokenizer_.symbol_of_byte_[static_cast<unsigned char>(byte)]);
    if (!tokenizer_.merges_.empty()) merger_.merge(symbols_);
  }

  const ByteLevelBpe& tokenizer_;
  WordMerger merger_;
  std::vector<int32_t> symbols_;  // of the current word
  std::unordered_map<std::string, std::pair<int64_t, int64_t>, TextHash, std::equal_to<>> cache_;  // range of cached_
  std::vector<int32_t> cached_;
};

ByteLevelBpe::ByteLevelBpe(const TokenizerJson& parts, std::string content)
    : content_(std::move(content)), added_(parts.added_tokens), pre_tokenizer_(parts.cut_rules) {
  add_entries(parts);
  add_merges(parts);
}

void ByteLevelBpe::add_entries(const TokenizerJson& parts) {
  const auto add = [this](int32_t id, std::string_view entry, std::string bytes) {
    check_id(id, entry);
    if (static_cast<size_t>(id) >= bytes_of_.size()) bytes_of_.resize(static_cast<size_t>(id) + 1);
    bytes_of_[static_cast<size_t>(id)] = std::move(bytes);
  };
  symbol_of_byte_.fill(-1);
  for (const auto& [entry, id] : parts.vocabulary) {
    std::string bytes = bytes_of_entry(entry);
    if (bytes.size() == 1) symbol_of_byte_[static_cast<unsigned char>(bytes[0])] = id;
    if (parts.ignore_merges) whole_.emplace(bytes, id);
    add(id, entry, std::move(bytes));
  }
  for (const AddedToken& token : added_.tokens()) add(token.id, token.content, token.content);
  if (bytes_of_.empty()) throw DataError("the vocabulary is empty");
  const bool adds_space =
      std::any_of(parts.cut_rules.begin(), parts.cut_rules.end(), [](const CutRule& r) { return r.add_prefix_space; });
  if (adds_space && symbol_of_byte_[' '] < 0) throw DataError("add_prefix_space is on, but no entry is a space");
}

void ByteLevelBpe::add_merges(const TokenizerJson& parts) {
  const std::unordered_map<std::string, int32_t> ids(parts.vocabulary.begin(), parts.vocabulary.end());
  const auto id_of = [&](const std::string& entry) {
    const auto place = ids.find(entry);
    if (place == ids.end()) throw DataError(fmt::format("a merge speaks of \"{}\", which is no entry", entry));
    return place->second;
  };
  for (const auto& [left, right] : parts.merges) merges_.add(id_of(left), id_of(right), id_of(left + right));
}

std::vector<int32_t> ByteLevelBpe::encode(std::string_view text) const {
  require_utf8(text);
  Encoder encoder(*this);
  size_t done = 0;
  while (const auto found = added_.find(text, done)) {
    encoder.encode(text.substr(done, found->position - done), done);
    encoder.tokens.push_back(found->token->id);
    done = found->position + found->token->content.size();
  }
  encoder.encode(text.substr(done), done);
  return std::move(encoder.tokens);
}

std::string ByteLevelBpe::decode(const std::vector<int32_t>& tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    if (token < 0 || token >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", token, vocabulary() - 1));
    text += bytes_of_[static_cast<size_t>(token)];
  }
  return text;
}

}  // namespace convoy
