// The tokenizer of a Hugging Face folder as a GGUF file has it: the way back of peer_tokenizer.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "datasets/gguf/gguf_writer.h"

namespace convoy {

// files: of the folder, by name; without tokenizer.json or tokenizer.model the file says that there is no tokenizer.
// vocabulary: of the model; the list of tokens is filled up to it. Throws ConfigError for a tokenizer that no such file
// can hold, DataError for files that are damaged.
GgufValues gguf_tokenizer(const std::map<std::string, std::string>& files, int64_t vocabulary);

}  // namespace convoy
