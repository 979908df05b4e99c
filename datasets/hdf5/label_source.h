// The labels of a dataset: one whole number a sample, or a row with a single 1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/hdf5/source_file.h"

namespace convoy::hdf5 {

// limit: labels are below it; 0: they may be any. Throws DataError, naming the place in `shown`: fractions, negative
// numbers, numbers not below the limit, rows of several numbers of which not exactly one is 1.
std::vector<int32_t> read_labels(const SourceArray& array, const std::string& shown, int64_t limit);

}  // namespace convoy::hdf5
