// Tables of numbers in CSV files to a dataset folder of arrays: `trainer data import-csv`.
//
// Fields: "x" (F) f32, all columns but the target in the order of the file, and "y" (1) f32, the target, with the
// statistics of each column over the training split.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"

namespace convoy {

struct ImportCsvOptions {
  std::vector<std::filesystem::path> inputs;  // files, pipes, and folders of *.csv; all of the same columns
  std::filesystem::path out;
  std::string target;  // the name of a column
  // Fractions of the rows, chosen by a fixed permutation (table/split_rows.h). 0: no such split.
  double validation = 0.1, test = 0;
  bool force = false;  // replace a dataset that is there
};

// The dataset is built hidden and takes its name when it is whole, see ImportFolder. A folder that cannot be written is
// refused before the tables are read. Pipes are copied there, since the text is read twice; so are the rows, until they
// are dealt out to the splits. In memory are 16 bytes a row, and a shard of each split. Throws DataError or, for
// impossible options, ConfigError.
ImportResult import_csv(const ImportCsvOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
