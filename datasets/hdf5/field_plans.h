// Which datasets of an HDF5 file an import takes for which fields and splits, as its options say.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/hdf5/source_file.h"
#include "datasets/import_hdf5.h"

namespace convoy::hdf5 {

inline constexpr const char* kLabelField = "y";

// A field and the dataset of each split that has one of its own.
struct FieldPlan {
  std::string name;
  std::array<std::string, kSplits.size()> paths;  // by Split; empty: none
  std::array<std::unique_ptr<SourceArray>, kSplits.size()> arrays = {};
  StoredField stored = {};

  const SourceArray& train() const { return *arrays[0]; }
};

// With their paths; what is there nobody has looked. At least one, each with datasets for the same splits. Throws
// ConfigError.
std::vector<FieldPlan> field_plans(const ImportHdf5Options& options);

struct WantedClasses {
  bool any = false;
  int64_t count = 0;               // 0: as many as there are
  std::vector<std::string> names;  // empty: the numbers
};
// Throws ConfigError.
WantedClasses wanted_classes(const ImportHdf5Options& options);

// "a,b" as two; of no text none.
std::vector<std::string> parts_of(const std::string& text);

}  // namespace convoy::hdf5
