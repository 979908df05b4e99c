#include "datasets/documents/pair_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/keyed_permutation.h"

namespace convoy {

namespace {

std::vector<BatchField> fields_of_pairs(const DatasetNeeds& needs) {
  std::vector<BatchField> fields;
  for (const char* name : {"tokens", "targets"}) fields.push_back({name, DType::i32, {2, needs.context}});
  if (needs.prefix_ends) fields.push_back({"prefix_ends", DType::i32, {2, needs.context}});
  return fields;
}

void require_pairs(const ArrayShard& shard, const std::vector<Document>& documents) {
  if (documents.size() % 2 != 0)
    throw DataError(
        fmt::format("{}: {} documents, wanted an even number: of each pair the chosen answer and the rejected one",
                    shard.file().string(), documents.size()));
}

}  // namespace

PairDataset::PairDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs)
    : LanguageDataset(std::move(folder), std::move(manifest), needs, "a dataset of preference pairs",
                      fields_of_pairs(needs)) {
  check_document_fields(folder_, manifest_);
  for (const Split split : kSplits) parts_.push_back(open(split));
  require_samples(Split::train);
}

PairDataset::Part PairDataset::open(Split split) const {
  Part part{shards(split), {}};
  for (const std::vector<Document>& documents : documents_of_shards(part.shards, ranks_, require_pairs))
    for (size_t i = 0; i < documents.size(); i += 2)
      if (documents[i].teaches() && documents[i + 1].teaches())
        part.documents.insert(part.documents.end(), {documents[i], documents[i + 1]});
  require_documents_fit(folder_, split, part.documents, T_);
  return part;
}

int64_t PairDataset::samples(Split split) const { return static_cast<int64_t>(part(split).documents.size()) / 2; }

int64_t PairDataset::stored_sample(Split split, int64_t sample) const {
  const int64_t pairs = samples(split), epoch = sample / pairs, place = sample % pairs;
  return split == Split::train ? KeyedPermutation(seed_, static_cast<uint64_t>(epoch), pairs)(place) : place;
}

void PairDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  check_tensors(out, first, count);
  require_samples(split);
  const Part& part = this->part(split);
  DocumentReader reader(part.shards);
  std::fill_n(out[0].as<int32_t>(), out[0].elements(), 0);
  std::fill_n(out[1].as<int32_t>(), out[1].elements(), -1);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t pair = stored_sample(split, first + i);
    for (int64_t answer = 0; answer < 2; ++answer) {
      const int64_t row = (2 * i + answer) * T_;
      reader.read(part.documents[static_cast<size_t>(2 * pair + answer)], out[0].as<int32_t>() + row,
                  out[1].as<int32_t>() + row);
      if (out.size() > 2) {
        const int64_t prefix = prefix_places({out[1].as<int32_t>() + row, static_cast<size_t>(T_)});
        std::fill_n(out[2].as<int32_t>() + row, T_, static_cast<int32_t>(prefix));
      }
    }
  }
}

std::string PairDataset::too_few(Split split, int64_t wanted, bool model_is_fixed) const {
  const int64_t found = samples(split);
  if (found == 0 && split != Split::train)
    return fmt::format("the dataset has no {0} split; import the data again with --{0} 0.1 and --force",
                       name_of(split));
  return fmt::format("the {} split has {} pairs, {} wanted; import more records{}",
                     split == Split::train ? "training" : name_of(split), found, wanted,
                     found > 0 && !model_is_fixed ? fmt::format(", or lower batch.micro to {}", found) : "");
}

}  // namespace convoy
