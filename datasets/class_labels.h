// Labels of an import: how many classes they are of, and what those are called.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/split_samples.h"

namespace convoy {

// "a,b,c" as three names. Throws ConfigError where one is empty or there twice.
std::vector<std::string> parse_class_names(const std::string& text);
// "0", "1", ...
std::vector<std::string> numbered_classes(int64_t count);

// Adds to counts, by class, what the splits say.
void count_labels(std::span<const int32_t> labels, std::span<const Split> splits, std::vector<SplitCounts>& counts);

}  // namespace convoy
