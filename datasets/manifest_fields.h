// Fields of a manifest as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

nlohmann::ordered_json to_json(const StoredField& field);
// Throws nlohmann::json::exception, or DataError without the file's name.
StoredField field_from(const nlohmann::ordered_json& json);

}  // namespace convoy
