// How text is cut into words before pairs are merged, by the names that llama.cpp gives tokenizers ("pre").
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/tokenizers/tokenizer_json.h"

namespace convoy {

struct WordCuts {
  nlohmann::ordered_json normalizer, pre_tokenizer;  // of tokenizer.json; null: none
  bool ignore_merges = false;                        // a word that is an entry is taken whole
};

// Absent: the name is not known.
std::optional<WordCuts> word_cuts(std::string_view pre);
// The name by which llama.cpp cuts text as this tokenizer.json does; absent: there is none in the table.
std::optional<std::string_view> name_of_word_cuts(const TokenizerJson& tokenizer);
// "gpt-2, llama-bpe, ...".
std::string known_word_cuts();

}  // namespace convoy
