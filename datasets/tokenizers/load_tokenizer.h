// Any tokenizer, from the one file that a dataset or checkpoint keeps of it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

// path: a Hugging Face tokenizer.json, a SentencePiece .model, or a folder that holds tokenizer.json or
// tokenizer.model. Throws DataError: found, wanted, remedy.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

// The same from memory. origin: its name, for messages; it also tells the kind if it ends in .json or .model. Otherwise
// what begins with '{' is JSON and everything else is taken for SentencePiece. Files of other tokenizers are recognized
// and refused with what to take instead (other_files.h).
std::unique_ptr<Tokenizer> parse_tokenizer(std::string content, std::string_view origin);

}  // namespace convoy
