// manifest.json of datasets, and dataset.json and preprocessing.json of checkpoints.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "datasets/compare_fields.h"
#include "datasets/dataset_manifest.h"
#include "datasets/hdf5_rows.h"
#include "datasets/images/image_form.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const convoy::TemporaryFolder folder;
  const std::string text(reinterpret_cast<const char*>(data), bytes);
  std::ofstream(folder / convoy::kDatasetManifestName, std::ios::binary) << text;
  convoy::refused_in_words([&] {
    const convoy::DatasetManifest manifest = convoy::read_dataset_manifest(folder.path());
    convoy::fields_json(manifest);
    convoy::write_dataset_manifest(folder.path(), manifest);
    convoy::read_dataset_manifest(folder.path());
    convoy::open_dataset(folder.path(), {.context = 8, .seed = 1});  // its shards are not there
  });
  convoy::refused_in_words([&] { convoy::difference_of_fields(text, text); });
  convoy::refused_in_words([&] { convoy::image_field_from(text); });
  convoy::refused_in_words([&] { convoy::hdf5_fields_from(text); });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  return {
      R"({"format_version": 2, "kind": "arrays", "fields": [{"name": "x", "dtype": "uint8", "shape": [2, 3, 1], "channels": [{"name": "grey", "mean": 1.5, "deviation": 2, "min": 0, "max": 9}]}, {"name": "y", "dtype": "int32", "shape": [], "classes": ["a", "b"]}], "preprocessing": {"kind": "images", "field": "x", "height": 2, "width": 3, "channels": 1, "fit": "pad"}, "checksum": "xxh3-64", "block_bytes": 1048576, "splits": {"train": {"rows": 5, "shards": [{"file": "train-00000.h5", "rows": 5, "checksums": {"x": ["0123456789abcdef"], "y": ["fedcba9876543210"]}}]}, "validation": {"rows": 0, "shards": []}}, "import": {"command": "import-images", "options": {"seed": "1"}, "sources": [{"name": "a", "bytes": 5, "checksum": "0123456789abcdef", "files": 3}]}})",
      R"({"format_version": 2, "kind": "tokens", "fields": [{"name": "tokens", "dtype": "uint16", "shape": []}], "tokens": {"vocabulary": 256, "tokenizer_file": "tokenizer.json", "end_of_text": -1}, "splits": {"train": {"shards": [{"file": "t.h5", "rows": 9}]}}})",
      R"({"format_version": 1, "kind": "tokens", "block_bytes": 64, "vocabulary": 300, "tokenizer_file": "tokenizer.json", "end_of_text": 1, "dtype": "uint16", "splits": {"train": {"shards": [{"file": "a.h5", "tokens": 7, "checksums": ["0123456789abcdef"]}]}, "validation": {"shards": []}}, "import": {"tokenizer": "bytes", "tokenizer_checksum": "0", "validation": 0.1, "shard_tokens": 5, "sources": []}})",
      R"({"kind": "images", "field": "x", "height": 32, "width": 32, "channels": 3, "fit": "squeeze"})",
      R"({"kind": "hdf5", "fields": [{"name": "x", "path": "a/b"}]})",
      R"({"kind": "arrays", "fields": [{"name": "x", "dtype": "float32", "shape": [2], "columns": [{"name": "a"}, {"name": "b"}]}]})"};
}
