// Files that lie beside a tokenizer and are taken for one: what they are, and what to take instead.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

// By content: tiktoken's ranks, merges.txt, a list of words, weights, an archive, a pointer to a file. Absent: none of
// these.
std::optional<std::string> what_else_it_is(std::string_view content);

// JSON without a model: tekken, vocab.json, a config of something else.
std::optional<std::string> what_else_it_is(const nlohmann::json& file);

}  // namespace convoy
