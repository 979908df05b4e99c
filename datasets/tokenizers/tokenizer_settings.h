// How a tokenizer is meant to be used, as the files beside it in a Hugging Face folder say: tokenizer_config.json,
// generation_config.json, config.json, chat_template.jinja.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace convoy {

// The files of such a folder that belong to its tokenizer and to how text is written, by name.
inline constexpr const char* kTokenizerCompanions[] = {
    "tokenizer.json",          "tokenizer.model",   "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "generation_config.json",
    "chat_template.jinja",     "vocab.json",        "merges.txt"};

struct TokenizerSettings {
  std::optional<std::string> chat_template;
  std::optional<std::string> bos, eos, padding, unknown;  // texts of tokens
  std::optional<int64_t> bos_id, padding_id;              // numbers, where a file says those
  std::vector<int64_t> eos_ids;                           // with each of which an answer ends
  std::optional<bool> add_bos, add_eos;                   // around a text
};

// files: names and contents; those that are not there say nothing. Throws CheckpointError for one that is no JSON.
TokenizerSettings tokenizer_settings(const std::map<std::string, std::string>& files);

}  // namespace convoy
