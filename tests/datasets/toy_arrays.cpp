#include "tests/datasets/toy_arrays.h"

#include <array>
#include <span>

#include "datasets/array_shard_writer.h"

namespace convoy {

DatasetManifest write_toy_arrays(const std::filesystem::path& folder, const ToyArrays& toy) {
  DatasetManifest manifest;
  manifest.kind = "arrays";
  manifest.block_bytes = 64;
  manifest.fields = {{"x", StoredType::f32, {2}, {}, 0}, {"y", StoredType::u16, {}, {}, 3}};
  manifest.fields[1].facts.classes = {"none", "one", "two"};
  for (const Split split : kSplits) {
    ArrayShardWriter writer(folder, split, manifest.fields, toy.shard_rows, manifest.block_bytes);
    const int64_t rows = std::array{toy.train, toy.validation, toy.test}[static_cast<size_t>(split)];
    for (int64_t i = 0; i < rows; ++i) {
      const std::array x{static_cast<float>(i), static_cast<float>(i) + 0.5f};
      const std::array y{static_cast<uint16_t>(i % 3)};
      writer.append(
          std::array<std::span<const std::byte>, 2>{std::as_bytes(std::span(x)), std::as_bytes(std::span(y))});
    }
    manifest.split(split) = writer.finish();
  }
  write_dataset_manifest(folder, manifest);
  return manifest;
}

}  // namespace convoy
