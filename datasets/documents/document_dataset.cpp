#include "datasets/documents/document_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/data_identity.h"
#include "datasets/files/data_errors.h"
#include "datasets/keyed_permutation.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {

DatasetFacts facts_of_documents(const DatasetManifest& manifest, size_t fields) {
  DatasetFacts facts{manifest.kind,          "tokens", {}, std::vector<FieldFacts>(fields), manifest.vocabulary,
                     manifest.tokenizer_file};
  for (const Split split : kSplits) facts.stored[static_cast<size_t>(split)] = manifest.split(split).rows();
  return facts;
}

std::map<std::string, std::string> tokenizer_files(const std::filesystem::path& folder,
                                                   const DatasetManifest& manifest) {
  return {{manifest.tokenizer_file, as_data_error([&] { return read_file(folder / manifest.tokenizer_file); })}};
}

DocumentDataset::DocumentDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs)
    : folder_(std::move(folder)),
      T_(needs.context),
      seed_(needs.seed),
      manifest_(std::move(manifest)),
      facts_(facts_of_documents(manifest_, 3)) {
  check_document_fields(folder_, manifest_);
  if (T_ < 1)
    throw DataError(
        fmt::format("{}: a dataset of documents, but the model has no context to read them with; name another dataset "
                    "in data.path, or choose a family of language models",
                    folder_.string()));
  for (const char* name : {"tokens", "targets", "starts"}) fields_.push_back({name, DType::i32, {T_}});
  for (const Split split : kSplits) parts_.push_back(open(split, needs.pack));
  if (samples(Split::train) == 0)
    throw DataError(fmt::format("{}: {}", folder_.string(), too_few(Split::train, 1, false)));
}

DocumentDataset::Part DocumentDataset::open(Split split, bool pack) const {
  Part part{open_shards(folder_, manifest_, split), {}, {}};
  for (size_t shard = 0; shard < part.shards.size(); ++shard)
    for (const Document& document : documents_of(part.shards[shard], shard))
      if (document.teaches()) part.documents.push_back(document);
  require_documents_fit(folder_, split, part.documents, T_);
  std::vector<int64_t> places;
  for (const Document& document : part.documents) places.push_back(places_of(document));
  part.packed = pack_documents(places, T_, pack);
  return part;
}

void DocumentDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  const Shape wanted{count, T_};
  const bool fits = out.size() == fields_.size() && first >= 0 && std::ranges::all_of(out, [&](const Tensor& tensor) {
                      return tensor.shape == wanted && tensor.dtype == DType::i32;
                    });
  if (!fits)
    throw InternalError(fmt::format("samples [{}, {}) into other tensors than three of i32 {}", first, first + count,
                                    to_string(wanted)));
  if (samples(split) == 0) throw DataError(fmt::format("{}: {}", folder_.string(), too_few(split, 1, false)));
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
    int64_t t = 0;
    for (const int64_t number : part.packed[sequence]) {
      const Document& document = part.documents[static_cast<size_t>(number)];
      reader.read(document, tokens + t, targets + t);
      std::fill_n(starts + t, places_of(document), static_cast<int32_t>(t));
      t += places_of(document);
    }
    std::fill(tokens + t, tokens + T_, 0);
    std::fill(targets + t, targets + T_, -1);
    for (; t < T_; ++t) starts[t] = static_cast<int32_t>(t);
  }
}

std::unique_ptr<Tokenizer> DocumentDataset::tokenizer() const {
  return load_tokenizer(folder_ / manifest_.tokenizer_file);
}

std::map<std::string, std::string> DocumentDataset::files() const { return tokenizer_files(folder_, manifest_); }

std::string DocumentDataset::identity() const { return data_identity(manifest_); }

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
