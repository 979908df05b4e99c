// Which of the chat formats a model's own chat template writes.
#pragma once

#include <optional>
#include <string>

#include "datasets/chat/chat_format.h"
#include "datasets/tokenizers/tokenizer_settings.h"

namespace convoy {

struct RecognizedFormat {
  std::optional<ChatFormat> format;
  std::string why_not;  // in words, where there is none
};

// Conversations are written by the template and by each format, and compared character by character. What a template
// writes of the system, its default text too, is taken from it; the roles' own must be the format's.
RecognizedFormat recognize_template(const TokenizerSettings& settings);

}  // namespace convoy
