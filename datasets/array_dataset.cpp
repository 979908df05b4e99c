#include "datasets/array_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/compare_fields.h"
#include "datasets/data_identity.h"
#include "datasets/keyed_permutation.h"

namespace convoy {
namespace {

DatasetFacts facts_of_arrays(const DatasetManifest& manifest) {
  DatasetFacts facts{manifest.kind, "samples", {}, {}, manifest.vocabulary, manifest.tokenizer_file};
  for (const Split split : kSplits) facts.stored[static_cast<size_t>(split)] = manifest.split(split).rows();
  for (const StoredField& field : manifest.fields) facts.fields.push_back(field.facts);
  return facts;
}

}  // namespace

ArrayDataset::ArrayDataset(std::filesystem::path folder, DatasetManifest manifest, uint64_t seed)
    : folder_(std::move(folder)), seed_(seed), manifest_(std::move(manifest)), facts_(facts_of_arrays(manifest_)) {
  for (const StoredField& field : manifest_.fields) {
    if (field.facts.ragged)
      throw DataError(fmt::format("{}: field {} is ragged, but samples of kind \"{}\" have one shape; pad them to it",
                                  folder_.string(), field.name, manifest_.kind));
    fields_.push_back({field.name, batch_dtype(field.type), field.shape});
  }
  if (fields_.empty()) throw DataError(fmt::format("{}: its manifest names no field", folder_.string()));
  for (const Split split : kSplits) parts_.push_back(open(split));
  if (samples(Split::train) == 0)
    throw DataError(fmt::format("{}: {}", folder_.string(), too_few(Split::train, 1, false)));
}

ArrayDataset::Part ArrayDataset::open(Split split) const {
  Part part{open_shards(folder_, manifest_, split), {0}};
  for (const ArrayShard& shard : part.shards) part.first.push_back(part.first.back() + shard.rows());
  return part;
}

int64_t ArrayDataset::row_of(Split split, int64_t sample) const {
  const int64_t rows = samples(split), index = sample % rows;
  if (split != Split::train) return index;
  return KeyedPermutation(seed_, static_cast<uint64_t>(sample / rows), rows)(index);
}

void ArrayDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  check_tensors(out, first, count);
  if (samples(split) == 0) throw DataError(fmt::format("{}: {}", folder_.string(), too_few(split, 1, false)));
  const Part& part = parts_[static_cast<size_t>(split)];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = row_of(split, first + i);
    const auto behind = std::upper_bound(part.first.begin(), part.first.end(), row);
    const auto shard = static_cast<size_t>(behind - part.first.begin()) - 1;
    for (size_t f = 0; f < fields_.size(); ++f) {
      const size_t sample_bytes = out[f].bytes() / static_cast<size_t>(count);
      part.shards[shard].read(f, row - part.first[shard], 1,
                              out[f].as<std::byte>() + static_cast<size_t>(i) * sample_bytes);
    }
  }
}

void ArrayDataset::check_tensors(std::span<const Tensor> out, int64_t first, int64_t count) const {
  bool fits = out.size() == fields_.size() && first >= 0;
  for (size_t i = 0; fits && i < fields_.size(); ++i)
    fits = out[i].dtype == fields_[i].dtype && out[i].shape[0] == count &&
           out[i].elements() == count * fields_[i].shape.elements();
  if (!fits)
    throw InternalError(fmt::format("samples [{}, {}) of {} fields into other tensors than the fields'", first,
                                    first + count, fields_.size()));
}

std::string ArrayDataset::identity() const { return data_identity(manifest_); }

std::map<std::string, std::string> ArrayDataset::files() const {
  std::map<std::string, std::string> files{{kFieldsFile, fields_json(manifest_)}};
  if (!manifest_.preprocessing.empty()) files[kPreprocessingFile] = manifest_.preprocessing;
  return files;
}

std::string ArrayDataset::too_few(Split split, int64_t wanted, bool model_is_fixed) const {
  const int64_t found = samples(split);
  const std::string again = manifest_.import.command.empty()
                                ? "add rows to it"
                                : fmt::format("import the data again with a larger --{} and --force", name_of(split));
  if (found == 0 && split != Split::train)
    return fmt::format("the dataset has no {} split; {}", name_of(split),
                       manifest_.import.command.empty()
                           ? std::string("write one")
                           : fmt::format("import the data again with --{} 0.1 and --force", name_of(split)));
  if (split == Split::train)
    return fmt::format("the training split has {} samples, {} wanted; import more data, or less of it for other splits",
                       found, wanted);
  return fmt::format("the {} split has {} samples, {} wanted; {}{}", name_of(split), found, wanted, again,
                     model_is_fixed ? "" : fmt::format(", or lower batch.micro to {}", found));
}

}  // namespace convoy
