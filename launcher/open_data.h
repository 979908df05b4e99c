// The data that a config names.
#pragma once

#include <memory>

#include "core/config/config.h"
#include "core/data/dataset.h"

namespace convoy {

// data.mix, or where it is empty data.path. Throws DataError.
std::unique_ptr<Dataset> open_data(const Config& config);
// For messages: "data/a", or "data/a and data/b".
std::string data_name(const Config& config);
// Is something there at all of these names?
bool data_is_there(const Config& config);

}  // namespace convoy
