#include "launcher/generate/token_choice.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {
namespace {

std::vector<int32_t> tokens_of_prompt(const Tokenizer& tokenizer, const std::string& prompt) try {
  std::vector<int32_t> tokens = tokenizer.encode(prompt);
  if (tokens.empty()) throw ConfigError("--prompt: the tokenizer leaves nothing of it; write more, or leave it out");
  return tokens;
} catch (const DataError& error) {
  throw DataError(fmt::format("--prompt: {}", error.what()));
}

// Empty where the tokenizer's text has none.
std::vector<int32_t> tokens_of_line_end(const Tokenizer& tokenizer) try {
  return tokenizer.encode("\n");
} catch (const DataError&) {
  return {};
}

int32_t first_with_text(const Tokenizer& tokenizer) {
  for (int32_t token = 0; token < tokenizer.vocabulary(); ++token)
    if (tokenizer.has_text(token)) return token;
  throw DataError("no token of the tokenizer has text; give the model the tokenizer that it was trained with");
}

}  // namespace

FirstTokens first_tokens(const Tokenizer& tokenizer, const std::string& prompt) {
  if (!prompt.empty()) return {tokens_of_prompt(tokenizer, prompt)};
  if (std::vector<int32_t> tokens = tokens_of_line_end(tokenizer); !tokens.empty()) return {std::move(tokens)};
  if (tokenizer.end_of_text() >= 0) return {{tokenizer.end_of_text()}, false};
  return {{first_with_text(tokenizer)}};
}

std::vector<bool> drawable_tokens(const Tokenizer& tokenizer, int64_t vocabulary) {
  std::vector<bool> drawable(static_cast<size_t>(vocabulary));
  for (int64_t i = 0; i < vocabulary; ++i) {
    const auto token = static_cast<int32_t>(i);
    drawable[static_cast<size_t>(i)] = tokenizer.has_text(token) || token == tokenizer.end_of_text();
  }
  return drawable;
}

}  // namespace convoy
