// Tables in CSV files to a dataset folder of arrays: `trainer data import-csv`.
//
// Fields: "x" (F) f32, "categories" (K) i32 where categories are whole numbers, and "y", the target, (1) f32 or () i32
// with the names of classes (table/table_form.h); columns with the statistics of the training split. What columns are
// is found out, see table/decide_form.h, and told in the result's summary.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/split_samples.h"

namespace convoy {

struct ImportCsvOptions {
  std::vector<std::filesystem::path> inputs;  // files, pipes, and folders of *.csv; all of the same columns
  std::filesystem::path out;
  std::string target;  // the name of a column
  std::string target_type = "auto";
  std::string drop;  // names of columns, with commas between them
  std::string delimiter = "auto", header = "auto";
  std::string categories = "one-hot";
  bool keep_constant = false;    // numbers that are the same in all rows, which are left out otherwise
  int64_t max_categories = 100;  // of a column; one with more is dropped
  std::string missing = "mean";
  std::string missing_values;  // with commas between them; empty: the usual ones
  // Of a split that has no file of its own: a fraction of the rows of `inputs`, of each class alike.
  SplitFractions fractions;
  int64_t seed = 1;
  std::vector<std::string> validation_files, test_files;
  bool force = false;  // replace a dataset that is there
};

// The dataset is built hidden and takes its name when it is whole, see ImportFolder. A folder that cannot be written is
// refused before the tables are read. Pipes are copied there, since the text is read three times: to check it, to find
// out what it is, and to make numbers of it; so are the rows, until they are dealt out to the splits. In memory are a
// byte a row, some blocks of a MiB, and a shard of each split. Throws DataError that names file and line or, for
// impossible options, ConfigError.
ImportResult import_csv(const ImportCsvOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
