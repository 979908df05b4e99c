// A matrix as JSON: a list of its rows. Labels are not in it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "core/metrics/metric_values.h"

namespace convoy {

nlohmann::ordered_json matrix_json(const Matrix& matrix);
// Labelled 0, 1, 2, ...; absent: it is no list of as many rows of numbers as columns.
std::optional<Matrix> matrix_from(const nlohmann::ordered_json& json);

}  // namespace convoy
