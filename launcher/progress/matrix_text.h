// A confusion matrix as a table for a terminal.
#pragma once

#include <string>
#include <string_view>

#include "core/metrics/metric_values.h"

namespace convoy {

// Title, a line of labels, a line for each row, without a newline at the end. Labels are cut to 12 columns. A matrix of
// more than 20 rows is one line that says where it is to be had.
std::string matrix_text(std::string_view title, const Matrix& matrix);

}  // namespace convoy
