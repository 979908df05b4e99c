// The tokenizer and the chat template in a GGUF file as the files of a Hugging Face folder.
#pragma once

#include <map>
#include <string>

#include "datasets/gguf/gguf_file.h"

namespace convoy {

// File names and contents: tokenizer.json or, of a SentencePiece model, tokenizer.model; tokenizer_config.json;
// generation_config.json. Empty if the file holds no tokenizer. Throws CheckpointError for a kind that is not known:
// one of llama.cpp's names for how text is cut into words that has no entry in the table here.
std::map<std::string, std::string> peer_tokenizer_files(const GgufFile& file);

}  // namespace convoy
