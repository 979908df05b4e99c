// Which tokens a text begins with, and which it may go on with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

struct FirstTokens {
  std::vector<int32_t> tokens;
  bool shown = true;  // they are text, to be written before what follows
};

// The prompt's. Without one a line end; where the tokenizer cannot express it, the end of a text before; where there is
// no such token either, the first one that has text. Throws DataError that names --prompt, ConfigError for a prompt
// that gives no token.
FirstTokens first_tokens(const Tokenizer& tokenizer, const std::string& prompt);

// By token of a model's vocabulary: has it text, or does it end one? A model's vocabulary may be larger than its
// tokenizer's, and a tokenizer's may have gaps.
std::vector<bool> drawable_tokens(const Tokenizer& tokenizer, int64_t vocabulary);

}  // namespace convoy
