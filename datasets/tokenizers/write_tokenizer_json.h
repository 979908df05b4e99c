// A Hugging Face tokenizer.json of the model BPE, with every field that their library writes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace convoy {

struct BpeTokenizerParts {
  nlohmann::ordered_json vocabulary = nlohmann::ordered_json::object();  // entry to number
  nlohmann::ordered_json merges = nlohmann::ordered_json::array();
  nlohmann::ordered_json added_tokens = nlohmann::ordered_json::array();
  nlohmann::ordered_json normalizer, pre_tokenizer, decoder;  // null: none
  bool ignore_merges = false;
};

// indent: spaces.
std::string bpe_tokenizer_json(const BpeTokenizerParts& parts, int indent);

}  // namespace convoy
