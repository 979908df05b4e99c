#include "tests/open_sets/toy_dataset.h"

namespace convoy::test {

CubeDataset::CubeDataset(std::filesystem::path folder)
    : folder_(std::move(folder)), fields_{{"x", DType::f32, {2}}, {"y", DType::f32, {1}}} {
  facts_.kind = "cubes";
  facts_.unit = "samples";
  facts_.stored = {400, 37, 37};
  facts_.fields.resize(2);
}

void CubeDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t sample = (first + i) * 7919 % 400 + (split == Split::train ? 0 : 400);
    const float a = static_cast<float>(sample % 23) / 11 - 1, b = static_cast<float>(sample % 17) / 8 - 1;
    const float line = 0.5f * a - 0.25f * b;
    out[0].as<float>()[2 * i] = a;
    out[0].as<float>()[2 * i + 1] = b;
    out[1].as<float>()[i] = line * line * line;
  }
}

std::unique_ptr<Dataset> open_cubes(const std::filesystem::path& folder, DatasetManifest, const DatasetNeeds&) {
  return std::make_unique<CubeDataset>(folder);
}

void write_cubes(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  DatasetManifest manifest;
  manifest.kind = "cubes";
  manifest.fields = {{"x", StoredType::f32, {2}}, {"y", StoredType::f32, {1}}};
  write_dataset_manifest(folder, manifest);
}

}  // namespace convoy::test
