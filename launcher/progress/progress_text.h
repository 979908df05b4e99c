// Every line that training shows a person, as pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/metrics/training_events.h"

namespace convoy {

std::string duration_text(double seconds);  // "8s", "4m 12s", "3h 05m", "2d 04h"
std::string count_text(double count);       // "950", "17.1k", "124M", "1.56G"
std::string bytes_text(size_t bytes);       // "512 B", "25.0 MiB", "1.50 GiB"

// "step  120/2000  loss 2.3456  lr 3.00e-03  norm 0.98  17.1k tokens/s  4m 12s left"; seconds_left below 0: unknown.
std::string step_text(const StepMetrics& metrics, int64_t total_steps, double seconds_left);
// "validation loss 1.8123, accuracy 0.9100".
std::string losses_text(const EvaluationMetrics& metrics);
// "eval  step 200: validation loss 1.8123, perplexity 6.12, 25.6k tokens in 1.2s"; best: the lowest so far.
std::string evaluation_text(const EvaluationMetrics& metrics, bool best);
// "save  step 500, training waited 12 ms".
std::string checkpoint_text(int64_t step, double stall_ms);

// "writing 40% of 512.0 MiB"; bytes.
std::string weights_progress_text(int64_t done, int64_t all);

// Characters of UTF-8 text.
size_t text_columns(std::string_view text);
// The text cut to the columns of a terminal, an ellipsis last; UTF-8 characters are never cut in two.
std::string fit_columns(std::string_view text, int columns);

}  // namespace convoy
