#include "datasets/tokenizers/sentence_piece_tokenizer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <utility>

#include "core/base/error.h"
#include "datasets/text/utf8.h"

namespace convoy {

struct SentencePieceTokenizer::Model {
  sentencepiece::SentencePieceProcessor processor;
};

SentencePieceTokenizer::SentencePieceTokenizer(std::string content, std::string_view origin)
    : content_(std::move(content)), model_(std::make_unique<Model>()) {
  const auto status = model_->processor.LoadFromSerializedProto(content_);
  if (!status.ok() || vocabulary() == 0)
    throw DataError(
        fmt::format("{}: not a SentencePiece model: {}; check that the file is whole", origin, status.ToString()));
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

int64_t SentencePieceTokenizer::vocabulary() const { return model_->processor.GetPieceSize(); }

std::vector<int32_t> SentencePieceTokenizer::encode(std::string_view text) const {
  require_utf8(text);
  std::vector<int> tokens;
  const auto status = model_->processor.Encode({text.data(), text.size()}, &tokens);
  if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot encode the text: {}", status.ToString()));
  return tokens;
}

std::string SentencePieceTokenizer::decode(const std::vector<int32_t>& tokens) const {
  for (const int32_t token : tokens)
    if (token < 0 || token >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", token, vocabulary() - 1));
  std::string text;
  const auto status = model_->processor.Decode(tokens, &text);
  if (!status.ok()) throw DataError(fmt::format("SentencePiece cannot decode the tokens: {}", status.ToString()));
  return text;
}

bool SentencePieceTokenizer::has_text(int32_t token) const {
  const auto& processor = model_->processor;
  return token >= 0 && token < vocabulary() && !processor.IsControl(token) && !processor.IsUnused(token);
}

int32_t SentencePieceTokenizer::end_of_text() const { return model_->processor.eos_id(); }

}  // namespace convoy
