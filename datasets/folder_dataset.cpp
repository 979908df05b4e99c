#include "datasets/folder_dataset.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "datasets/data_identity.h"

namespace convoy {

FolderDataset::FolderDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs,
                             DatasetFacts facts)
    : folder_(std::move(folder)),
      seed_(needs.seed),
      ranks_(needs.ranks),
      manifest_(std::move(manifest)),
      facts_(std::move(facts)),
      verified_(manifest_, ranks_) {
  require_shards_there(folder_, manifest_, ranks_);
}

std::string FolderDataset::identity() const { return data_identity(manifest_); }

Shards FolderDataset::shards(Split split, std::shared_ptr<BandCache> cache) const {
  return {folder_, manifest_, split, std::move(cache), &verified_};
}

void FolderDataset::check_tensors(std::span<const Tensor> out, int64_t first, int64_t count) const {
  bool fits = out.size() == fields_.size() && first >= 0;
  for (size_t i = 0; fits && i < fields_.size(); ++i)
    fits = out[i].dtype == fields_[i].dtype && out[i].shape[0] == count &&
           out[i].elements() == count * fields_[i].shape.elements();
  if (!fits)
    throw InternalError(fmt::format("samples [{}, {}) of {} fields into other tensors than the fields'", first,
                                    first + count, fields_.size()));
}

void FolderDataset::require_samples(Split split) const {
  if (samples(split) == 0) throw DataError(fmt::format("{}: {}", folder_.string(), too_few(split, 1, false)));
}

DatasetFacts facts_of_rows(const DatasetManifest& manifest, const std::string& unit) {
  DatasetFacts facts{manifest.kind, unit, {}, {}, manifest.vocabulary, manifest.tokenizer_file};
  for (const Split split : kSplits) facts.stored[static_cast<size_t>(split)] = manifest.split(split).rows();
  return facts;
}

}  // namespace convoy
