// The rows of a table to its splits, and what missing numbers of it become.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/split_samples.h"
#include "datasets/table/table_form.h"
#include "datasets/table/table_rows.h"

namespace convoy {

struct DealtRows {
  std::vector<uint8_t> splits;      // by row
  std::vector<SplitCounts> counts;  // by class
};

// Rows of files that are no split's own are dealt out by (seed, class, number).
DealtRows deal_rows(const TableRows& rows, const TableForm& form, const SplitFractions& fractions, uint64_t seed,
                    int threads);

// The mean or, by the form's rule, the median of what is there of each number of a row in the training split; NaN where
// nothing is. Exact, whatever the number of rows.
std::vector<double> find_fills(const TableRows& rows, const DealtRows& dealt, MissingRule rule, int threads);

// Writes the shards of all splits, the missing numbers filled in, and the statistics of the training split into the
// fields.
void write_splits(const std::filesystem::path& folder, const TableRows& rows, const DealtRows& dealt,
                  const TableEncoder& encoder, const std::vector<double>& fills, DatasetManifest& manifest, int threads,
                  const ReadProgress& progress);

}  // namespace convoy
