// A tokenizer of bytes with the special tokens of chatml.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/json_text.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {

inline std::string chat_tokenizer_json() {
  nlohmann::ordered_json json = parse_ordered_json(bytes_tokenizer_json());
  int id = 256;
  for (const char* token : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    json["added_tokens"].push_back({{"id", id++},
                                    {"content", token},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", true}});
  }
  return json_text(json);
}

}  // namespace convoy
