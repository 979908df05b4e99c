// What a run came to, as a table.
#pragma once

#include <string>

#include "core/metrics/training_events.h"

namespace convoy {

// A line for the loss and each metric, a column for each split; then the matrices. Without a newline at the end.
std::string final_table(const FinalMetrics& metrics);

}  // namespace convoy
