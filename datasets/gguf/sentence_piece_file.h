// A SentencePiece .model (a serialized ModelProto of github.com/google/sentencepiece) from the pieces in a GGUF file.
#pragma once

#include <string>

#include "datasets/gguf/gguf_file.h"

namespace convoy {

// A BPE model with bytes for unknown characters, as Llama 1 and 2 and Mistral have it.
std::string sentence_piece_file(const GgufFile& file);

}  // namespace convoy
