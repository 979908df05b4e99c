// How text is cut into words before pairs are merged, by the names that llama.cpp gives tokenizers ("pre").
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

struct WordCuts {
  nlohmann::ordered_json normalizer, pre_tokenizer;  // of tokenizer.json; null: none
  bool ignore_merges = false;                        // a word that is an entry is taken whole
};

// Absent: the name is not known.
std::optional<WordCuts> word_cuts(std::string_view pre);
// "gpt-2, llama-bpe, ...".
std::string known_word_cuts();

}  // namespace convoy
