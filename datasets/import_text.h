// Text files to a dataset folder of HDF5 token shards: `trainer data import-text`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"

namespace convoy {

struct ImportTextOptions {
  std::vector<std::filesystem::path> inputs;  // files, pipes, and folders of *.txt and *.md; each file is a document
  std::filesystem::path out;
  std::string tokenizer = "characters";  // characters, bytes, or the path of a tokenizer.json or .model
  // Up to 99 documents: the last of each, cut at the nearest line end if there is one near, is for testing, and what is
  // before it for validation, so that all splits know all of them. From 100 on: whole documents, evenly spread. 0: no
  // such split.
  double validation = 0.1, test = 0;
  int64_t shard_tokens = int64_t{64} << 20;  // at most so many tokens in a file, and in memory
  bool drop_duplicates = false;              // of documents that are equal byte by byte only the first is taken
  int threads = 1;                           // that encode; the dataset is the same for any
  bool force = false;                        // replace a dataset that is there
};

// The characters tokenizer's vocabulary are the characters of all the text, sorted by code point. Documents are
// encoded as they stand, however long they are, and followed by the end-of-text token if the tokenizer has one.
//
// The dataset is built hidden and takes its name when it is whole, see ImportFolder; a dataset that is there is
// replaced only with force and only if the folder holds nothing else. A folder that cannot be written, or surely has no
// room, is refused before the text is read. Pipes are copied there, since the text is read twice. Throws DataError or,
// for impossible options, ConfigError.
ImportResult import_text(const ImportTextOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
