// Which chat format a model is talked to in.
#pragma once

#include <string>

#include "datasets/chat/chat_format.h"
#include "datasets/tokenizers/tokenizer_settings.h"

namespace convoy {

// option: --format, a name or a YAML file of one's own; empty: what the model's own chat template writes. Throws
// ConfigError that says why there is none, or what the tokenizer lacks for it.
ChatFormat choose_chat_format(const std::string& option, const TokenizerSettings& settings, const Tokenizer& tokenizer);

// content: of such a YAML file; path: for messages. Keys: system, user and assistant, each with prefix and suffix;
// without_system, system_in_user, trim.
ChatFormat chat_format_from_yaml(const std::string& content, const std::string& path);

}  // namespace convoy
