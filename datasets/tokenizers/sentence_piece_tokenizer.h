// A SentencePiece .model, by libsentencepiece: Kudo and Richardson, arXiv:1808.06226.
//
// The model's own rules apply: most turn line ends into spaces and put a space before the text.
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
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string decode(const std::vector<int32_t>& tokens) const override;
  bool has_text(int32_t token) const override;
  int32_t end_of_text() const override;
  std::pair<std::string, std::string> file() const override { return {"tokenizer.model", content_}; }

 private:
  struct Model;
  std::string content_;
  std::unique_ptr<Model> model_;
};

}  // namespace convoy
