// The data that a config names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/data/dataset.h"
#include "core/data/referenced_pairs.h"

namespace convoy {

struct OpenedData {
  std::unique_ptr<Dataset> data;
  // What of it has preference pairs; a loss of pairs reads them once their references are there (train/references.h).
  std::vector<ReferencedPairs*> pairs = {};
};

// data.mix, or where it is empty data.path. Collective over the ranks; null: this process alone. Throws DataError.
OpenedData open_data(const Config& config, Communicator* ranks = nullptr);
// The folders that it opens.
std::vector<std::string> data_paths(const Config& config);
// For messages: "data/a", or "data/a and data/b".
std::string data_name(const Config& config);
// Is something there at all of these names?
bool data_is_there(const Config& config);

}  // namespace convoy
