#include "datasets/tokenizers/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/tokenizers/byte_alphabet.h"
#include "datasets/tokenizers/utf8_encoder.h"

namespace convoy {
namespace {

constexpr int32_t kLargestId = 1 << 28;  // beyond any vocabulary: a damaged file must not ask for all memory

// Those of one kind. The normalized kind is looked for in normalized text, and so normalized itself.
AddedTokens tokens_of_kind(const TokenizerJson& parts, bool is_normalized, bool with_special) {
  std::vector<AddedToken> tokens;
  for (AddedToken token : parts.added_tokens) {
    if (token.normalized != is_normalized || (token.special && !with_special)) continue;
    if (is_normalized)
      for (const NormalForm form : parts.normal_forms) token.content = normalized(token.content, form);
    tokens.push_back(std::move(token));
  }
  return AddedTokens(std::move(tokens));
}

// The token that separates documents by one of the names in use; -1: none.
int32_t find_end_of_text(const std::vector<AddedToken>& tokens) {
  for (const std::string_view name : {"<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>"})
    for (const AddedToken& token : tokens)
      if (token.content == name) return token.id;
  return -1;
}

}  // namespace

// Parts pass through what the file asks for, one after the other: added tokens, normalizers, added tokens again, words.
class ByteLevelBpe::Encoder final : public Utf8Encoder {
 public:
  Encoder(const ByteLevelBpe& tokenizer, const Marks& marks)
      : tokenizer_(tokenizer),
        words_(tokenizer.words_),
        word_cutter_(tokenizer.pre_tokenizer_,
                     [this](std::string_view part, bool ends) { words_.add(part, ends, *tokens_); }),
        written_(
            marks.written, [this](std::string_view part, bool ends) { add_written(part, ends); },
            [this](int32_t id) { tokens_->push_back(id); }),
        normalized_(
            marks.normalized, [this](std::string_view part, bool ends) { word_cutter_.add(part, ends); },
            [this](int32_t id) { tokens_->push_back(id); }) {
    for (size_t i = 0; i < tokenizer.normal_forms_.size(); ++i)
      normalizers_.emplace_back(tokenizer.normal_forms_[i], [this, next = i + 1](std::string_view part, bool ends) {
        normalize(next, part, ends);
      });
  }

 private:
  void encode(std::string_view text, size_t, std::vector<int32_t>& tokens) override {
    tokens_ = &tokens;
    written_.add(text, false);
  }
  void end(std::vector<int32_t>& tokens) override {
    tokens_ = &tokens;
    written_.add("", true);
  }

  void add_written(std::string_view part, bool ends) {
    if (normalizers_.empty()) check_bytes(part);
    normalize(0, part, ends);
  }

  void normalize(size_t at, std::string_view part, bool ends) {
    if (at < normalizers_.size())
      normalizers_[at].add(part, ends);
    else
      normalized_.add(part, ends);
  }

  // Here, where the position is known.
  void check_bytes(std::string_view part) const {
    for (size_t i = 0; i < part.size(); ++i)
      if (tokenizer_.words_.symbol_of_byte[static_cast<unsigned char>(part[i])] < 0)
        throw DataError(
            fmt::format("byte {:#04x} at position {} of the text is not in the tokenizer's vocabulary; "
                        "choose a tokenizer with all 256 bytes",
                        static_cast<unsigned char>(part[i]), written_.position() + i));
  }

  const ByteLevelBpe& tokenizer_;
  std::vector<int32_t>* tokens_ = nullptr;  // of the call
  WordEncoder words_;
  WordCutter word_cutter_;
  AddedTokenCutter written_, normalized_;
  std::vector<Normalizer> normalizers_;
};

ByteLevelBpe::ByteLevelBpe(const TokenizerJson& parts, std::string content)
    : content_(std::move(content)),
      normal_forms_(parts.normal_forms),
      marks_{tokens_of_kind(parts, false, true), tokens_of_kind(parts, true, true)},
      plain_marks_{tokens_of_kind(parts, false, false), tokens_of_kind(parts, true, false)},
      pre_tokenizer_(parts.cut_rules),
      words_(parts),
      end_of_text_(find_end_of_text(parts.added_tokens)) {
  for (const auto& [entry, id] : parts.vocabulary) add_entry(id, entry, bytes_of_entry(entry).value_or(entry));
  for (const AddedToken& token : parts.added_tokens) {
    add_entry(token.id, token.content, token.content);
    if (token.special) special_tokens_.emplace_back(token.content, token.id);
  }
  if (bytes_of_.empty()) throw DataError("the vocabulary is empty");
  const bool adds_space =
      std::any_of(parts.cut_rules.begin(), parts.cut_rules.end(), [](const CutRule& r) { return r.add_prefix_space; });
  if (adds_space && words_.symbol_of_byte[' '] < 0) throw DataError("add_prefix_space is on, but no entry is a space");
}

void ByteLevelBpe::add_entry(int32_t id, std::string_view entry, std::string bytes) {
  if (id < 0 || id > kLargestId) throw DataError(fmt::format("entry \"{}\" has id {}", entry, id));
  if (static_cast<size_t>(id) >= bytes_of_.size()) bytes_of_.resize(static_cast<size_t>(id) + 1);
  std::string& place = bytes_of_[static_cast<size_t>(id)];
  if (!place.empty() && place != bytes)
    throw DataError(fmt::format("added token \"{}\" has id {} of an entry that stands for other bytes", entry, id));
  place = std::move(bytes);
}

std::unique_ptr<TextEncoder> ByteLevelBpe::make_encoder() const { return std::make_unique<Encoder>(*this, marks_); }
std::unique_ptr<TextEncoder> ByteLevelBpe::make_plain_encoder() const {
  return std::make_unique<Encoder>(*this, plain_marks_);
}

std::string ByteLevelBpe::decode(const std::vector<int32_t>& tokens, size_t first) const {
  std::string text;
  for (size_t i = first; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", tokens[i], vocabulary() - 1));
    text += bytes_of_[static_cast<size_t>(tokens[i])];
  }
  return text;
}

}  // namespace convoy
