#include "datasets/tokenizers/sentence_piece/sentence_piece_tokenizer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/sentence_piece/model_file.h"
#include "datasets/tokenizers/sentence_piece/neighbours.h"
#include "datasets/tokenizers/sentence_piece/normalizer.h"
#include "datasets/tokenizers/utf8_encoder.h"
#include "datasets/tokenizers/word_cache.h"

namespace convoy {
namespace {

constexpr size_t kPartBytes = 16 << 10;
constexpr size_t kLongestPart = size_t{4} << 20;
constexpr std::string_view kSpace = "\xE2\x96\x81";

std::string with_spaces(std::string_view piece) {
  std::string text;
  for (size_t done = 0; done < piece.size();) {
    const bool is_space = piece.substr(done).starts_with(kSpace);
    text += is_space ? ' ' : piece[done];
    done += is_space ? kSpace.size() : 1;
  }
  return text;
}

// "<0x2F>".
char byte_of(std::string_view piece) {
  unsigned byte = 0;
  const bool is_whole = piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with('>');
  const auto end = piece.data() + 5;
  if (!is_whole || std::from_chars(piece.data() + 3, end, byte, 16).ptr != end)
    throw DataError(fmt::format("its piece \"{}\" is no byte", piece));
  return static_cast<char>(byte);
}

// What a token adds to a text that has begun.
std::string text_of(const sentence_piece::Piece& piece, const sentence_piece::ModelFile& file) {
  switch (piece.type) {
    case sentence_piece::PieceType::control:
      return {};
    case sentence_piece::PieceType::unknown:
      return std::string(file.unknown_text);
    case sentence_piece::PieceType::byte:
      return std::string(1, byte_of(piece.text));
    default:
      return with_spaces(piece.text);
  }
}

}  // namespace

struct SentencePieceTokenizer::Model {
  explicit Model(std::string_view content)
      : file(sentence_piece::parse_model_file(content)), rules(file), neighbours(file) {
    const auto status = processor.LoadFromSerializedProto(file.without_normalizer);
    if (!status.ok()) throw DataError(status.ToString());
    if (processor.GetPieceSize() == 0) throw DataError("its vocabulary is empty");
    file.without_normalizer = {};
    for (const sentence_piece::Piece& piece : file.pieces) texts.push_back(text_of(piece, file));
  }

  sentence_piece::ModelFile file;
  sentence_piece::NormalizationRules rules;
  sentence_piece::Neighbours neighbours;
  sentencepiece::SentencePieceProcessor processor;  // for normalized text
  std::vector<std::string> texts;                   // by token
};

class SentencePieceTokenizer::Encoder final : public Utf8Encoder {
 public:
  explicit Encoder(const Model& model)
      : model_(model),
        normalizer_(model.rules),
        part_bytes_(model.file.type == sentence_piece::ModelType::bpe ? 1 : kPartBytes) {}

 private:
  void encode(std::string_view text, size_t, std::vector<int32_t>& tokens) override {
    while (!text.empty()) {  // by and by, so that little is pending
      size_t bytes = std::min(text.size(), kPartBytes);
      if (bytes < text.size()) bytes -= unfinished_utf8_bytes(text.substr(0, bytes));
      normalizer_.add(text.substr(0, bytes), pending_);
      encode_parts(tokens);
      text.remove_prefix(bytes);
    }
  }

  void end(std::vector<int32_t>& tokens) override {
    normalizer_.finish(pending_);
    encode_parts(tokens);
    encode_part(pending_, tokens);
    pending_.clear();
    searched_ = 0;
    is_unknown_ = false;
  }

  // Where parts end depends on the text alone, not on how it comes.
  void encode_parts(std::vector<int32_t>& tokens) {
    size_t begin = 0;
    while (pending_.size() - begin > part_bytes_) {
      const size_t cut = model_.neighbours.find_cut(pending_, std::max(searched_, begin + part_bytes_));
      searched_ = cut;
      if (cut == pending_.size()) break;
      encode_part(std::string_view(pending_).substr(begin, cut - begin), tokens);
      begin = cut;
    }
    pending_.erase(0, begin);
    searched_ -= std::min(searched_, begin);
    if (pending_.size() > kLongestPart)
      throw DataError(
          "4 MiB of text have no place where they may be cut without changing tokens; break them up with "
          "line ends or blanks");
  }

  void encode_part(std::string_view part, std::vector<int32_t>& tokens) {
    if (part.empty()) return;
    if (const auto known = cache_.find(part)) return append(*known, tokens);
    const auto status = model_.processor.Encode({part.data(), part.size()}, &part_tokens_);
    if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot encode the text: {}", status.ToString()));
    append(part_tokens_, tokens);
    if (part_bytes_ == 1) cache_.add(part, part_tokens_);
  }

  // A run of unknown characters is one token.
  void append(std::span<const int32_t> part, std::vector<int32_t>& tokens) {
    if (part.empty()) return;
    const int unknown = model_.processor.unk_id();
    const bool goes_on = is_unknown_ && part.front() == unknown;
    tokens.insert(tokens.end(), part.begin() + (goes_on ? 1 : 0), part.end());
    is_unknown_ = part.back() == unknown;
  }

  const Model& model_;
  sentence_piece::Normalizer normalizer_;
  // Byte-pair encoding is cut wherever it may be. Unigram models add up the logarithms of a part's probabilities, and
  // are to add them up as the library does for a text that is not long.
  const size_t part_bytes_;
  WordCache cache_;
  std::string pending_;  // normalized
  size_t searched_ = 0;  // bytes of it that were searched for a cut
  std::vector<int> part_tokens_;
  bool is_unknown_ = false;  // the last token
};

SentencePieceTokenizer::SentencePieceTokenizer(std::string content, std::string_view origin)
    : content_(std::move(content)) {
  try {
    model_ = std::make_unique<Model>(content_);
  } catch (const DataError& error) {
    throw DataError(
        fmt::format("{}: not a SentencePiece model: {}; check that the file is whole", origin, error.what()));
  }
  if (model_->file.has_denormalizer)
    throw DataError(fmt::format(
        "{}: the model changes text that it decodes (denormalizer_spec), which is not supported; choose one "
        "without",
        origin));
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

int64_t SentencePieceTokenizer::vocabulary() const { return model_->processor.GetPieceSize(); }

std::unique_ptr<TextEncoder> SentencePieceTokenizer::make_encoder() const { return std::make_unique<Encoder>(*model_); }

// The space that the text was given at its beginning is left out again, or all there if the model removes them.
std::string SentencePieceTokenizer::decode(const std::vector<int32_t>& tokens, size_t first) const {
  using sentence_piece::PieceType;
  const sentence_piece::ModelFile& file = model_->file;
  bool at_start = file.add_dummy_prefix || file.remove_extra_spaces;
  std::string result;
  for (size_t i = at_start ? 0 : first; i < tokens.size(); i = at_start ? i + 1 : std::max(i + 1, first)) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", tokens[i], vocabulary() - 1));
    const sentence_piece::Piece& piece = file.pieces[static_cast<size_t>(tokens[i])];
    std::string_view text = model_->texts[static_cast<size_t>(tokens[i])];
    const bool may_begin_with_space = piece.type != PieceType::control && piece.type != PieceType::unknown;
    const bool drops_space = at_start && may_begin_with_space && piece.text.starts_with(kSpace);
    if (drops_space) text.remove_prefix(1);
    if (i >= first) result += text;
    if (!text.empty() || (drops_space && !file.remove_extra_spaces)) at_start = false;
  }
  return result;
}

bool SentencePieceTokenizer::has_text(int32_t token) const {
  const auto& processor = model_->processor;
  return token >= 0 && token < vocabulary() && !processor.IsControl(token) && !processor.IsUnused(token);
}

std::vector<std::pair<std::string, int32_t>> SentencePieceTokenizer::special_tokens() const {
  std::vector<std::pair<std::string, int32_t>> tokens;
  for (size_t id = 0; id < model_->file.pieces.size(); ++id)
    if (model_->file.pieces[id].type == sentence_piece::PieceType::control)
      tokens.emplace_back(model_->file.pieces[id].text, static_cast<int32_t>(id));
  return tokens;
}

int32_t SentencePieceTokenizer::end_of_text() const { return model_->processor.eos_id(); }

}  // namespace convoy
