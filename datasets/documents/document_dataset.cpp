#include "datasets/documents/document_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "datasets/keyed_permutation.h"

namespace convoy {

namespace {

std::vector<BatchField> fields_of_documents(const DatasetNeeds& needs) {
  std::vector<BatchField> fields;
  for (const char* name : {"tokens", "targets", "starts"}) fields.push_back({name, DType::i32, {needs.context}});
  if (needs.prefix_ends) fields.push_back({"prefix_ends", DType::i32, {needs.context}});
  return fields;
}

}  // namespace

DocumentDataset::DocumentDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs)
    : LanguageDataset(std::move(folder), std::move(manifest), needs, "a dataset of documents",
                      fields_of_documents(needs)) {
  check_document_fields(folder_, manifest_);
  for (const Split split : kSplits) parts_.push_back(open(split, needs.pack));
  require_samples(Split::train);
}

DocumentDataset::Part DocumentDataset::open(Split split, bool pack) const {
  Part part{shards(split), {}, {}};
  for (const std::vector<Document>& documents : documents_of_shards(part.shards, ranks_))
    std::copy_if(documents.begin(), documents.end(), std::back_inserter(part.documents),
                 [](const Document& document) { return document.teaches(); });
  require_documents_fit(folder_, split, part.documents, T_);
  std::vector<int64_t> places;
  for (const Document& document : part.documents) places.push_back(places_of(document));
  part.packed = pack_documents(places, T_, pack);
  return part;
}

void DocumentDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  check_tensors(out, first, count);
  require_samples(split);
  const Part& part = this->part(split);
  DocumentReader reader(part.shards);
  const int64_t epoch_samples = samples(split);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t epoch = (first + i) / epoch_samples, place = (first + i) % epoch_samples;
    const int64_t sequence =
        split == Split::train ? KeyedPermutation(seed_, static_cast<uint64_t>(epoch), epoch_samples)(place) : place;
    int32_t* tokens = out[0].as<int32_t>() + i * T_;
    int32_t* targets = out[1].as<int32_t>() + i * T_;
    int32_t* starts = out[2].as<int32_t>() + i * T_;
    int32_t* prefix_ends = out.size() > 3 ? out[3].as<int32_t>() + i * T_ : nullptr;
    if (prefix_ends != nullptr) std::fill_n(prefix_ends, T_, 0);
    int64_t t = 0;
    for (const int64_t number : part.packed[sequence]) {
      const Document& document = part.documents[static_cast<size_t>(number)];
      reader.read(document, tokens + t, targets + t);
      std::fill_n(starts + t, places_of(document), static_cast<int32_t>(t));
      if (prefix_ends != nullptr) {
        const int64_t prefix = prefix_places({targets + t, static_cast<size_t>(places_of(document))});
        std::fill_n(prefix_ends + t, places_of(document), static_cast<int32_t>(t + prefix));
      }
      t += places_of(document);
    }
    std::fill(tokens + t, tokens + T_, 0);
    std::fill(targets + t, targets + T_, -1);
    for (; t < T_; ++t) starts[t] = static_cast<int32_t>(t);
  }
}

std::string DocumentDataset::too_few(Split split, int64_t wanted, bool model_is_fixed) const {
  const int64_t found = samples(split);
  if (found == 0 && split != Split::train)
    return fmt::format("the dataset has no {0} split; import the data again with --{0} 0.1 and --force",
                       name_of(split));
  return fmt::format("the {} split makes {} sequences of {} places, {} wanted; import more records{}",
                     split == Split::train ? "training" : name_of(split), found, T_, wanted,
                     found > 0 && !model_is_fixed ? fmt::format(", or lower batch.micro to {}", found) : "");
}

}  // namespace convoy
