// Which split each row of a table goes to.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

// By row. contents: a hash of each row's content. Rows are ranked by a fixed permutation of their contents: which split
// a row goes to depends on no order of rows or files, and of equal rows each is ranked for itself. Splits have their
// fractions of the rows, rounded.
std::vector<Split> split_rows(const std::vector<uint64_t>& contents, double validation, double test);

}  // namespace convoy
