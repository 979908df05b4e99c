// Tokenizers that need no training, as tokenizer.json files that Hugging Face's `tokenizers` reads too.
#pragma once

#include <set>
#include <string>

namespace convoy {

// Token i is the i-th character by code point. BPE without merges; decoder Fuse.
std::string characters_tokenizer_json(const std::set<char32_t>& characters);

// Token i is byte i. Byte-level BPE without merges.
std::string bytes_tokenizer_json();

}  // namespace convoy
