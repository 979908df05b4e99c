// A SentencePiece .model, by libsentencepiece: Kudo and Richardson, arXiv:1808.06226.
//
// The model's own rules apply: most turn line ends into spaces and put a space before the text.
//
// A long text is given to the library in parts, cut between characters that stand side by side in no
// piece of the vocabulary: no token can lie across. So tokens are those of the whole text. Only a Unigram model may
// choose otherwise beyond 16 KiB, where two ways are equally likely up to the rounding of a sum over all of the text. A
// text in which there is no place for a cut within 4 MiB is refused.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  // content: of the file. Throws DataError, with `origin` as its name, if it is no model.
  SentencePieceTokenizer(std::string content, std::string_view origin);
  ~SentencePieceTokenizer() override;

  int64_t vocabulary() const override;
  std::unique_ptr<TextEncoder> make_encoder() const override;
  // Those are found in no text, so that every encoder is a plain one.
  std::vector<std::pair<std::string, int32_t>> special_tokens() const override;
  // As the library decodes, but bytes that are no UTF-8 are kept.
  std::string decode(const std::vector<int32_t>& tokens, size_t first) const override;
  bool has_text(int32_t token) const override;
  int32_t end_of_text() const override;
  std::pair<std::string, std::string> file() const override { return {"tokenizer.model", content_}; }

 private:
  struct Model;
  class Encoder;
  std::string content_;
  std::unique_ptr<Model> model_;
};

}  // namespace convoy
