#include "datasets/token_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/data_identity.h"
#include "datasets/documents/document_dataset.h"
#include "datasets/files/data_errors.h"
#include "datasets/split_advice.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

constexpr size_t kTokens = 0;  // the only stored field

void check_is_of_tokens(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  const bool fits = manifest.vocabulary > 0 && manifest.fields.size() == 1 && manifest.fields[0].name == "tokens" &&
                    manifest.fields[0].shape.dims() == 0;
  if (!fits)
    throw DataError(
        fmt::format("{}: its manifest calls it a dataset of kind \"tokens\", which has one field, tokens, of "
                    "single elements, and \"tokens\": {{\"vocabulary\", ...}}; {}",
                    folder.string(), kImportAgain));
}

}  // namespace

TokenDataset::TokenDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs)
    : folder_(std::move(folder)),
      T_(needs.context),
      separate_(needs.separate_documents),
      manifest_(std::move(manifest)),
      facts_(facts_of_documents(manifest_, separate_ ? 3 : 2)),
      fields_{{"tokens", DType::i32, {T_}}, {"targets", DType::i32, {T_}}} {
  check_is_of_tokens(folder_, manifest_);
  if (separate_) fields_.push_back({"starts", DType::i32, {T_}});
  if (separate_ && manifest_.end_of_text < 0)
    throw DataError(
        fmt::format("{}: data.separate_documents wants to know where documents end, and its tokenizer has no "
                    "end-of-text token; import the text with one that has, or leave the key out",
                    folder_.string()));
  if (T_ < 1)
    throw DataError(
        fmt::format("{}: a dataset of tokens, but the model has no context to read them with; name another "
                    "dataset in data.path, or choose a family of language models",
                    folder_.string()));
  for (const Split split : kSplits) parts_.push_back(open(split, needs.seed));
  if (samples(Split::train) == 0)
    throw DataError(fmt::format("{}: {}", folder_.string(), too_few(Split::train, 1, false)));
}

TokenDataset::Part TokenDataset::open(Split split, uint64_t seed) const {
  std::vector<ArrayShard> shards = open_shards(folder_, manifest_, split);
  std::vector<int64_t> shard_tokens;
  for (const ArrayShard& shard : shards) shard_tokens.push_back(shard.rows());
  return {std::move(shards), WindowOrder(split, std::move(shard_tokens), T_, seed)};
}

void TokenDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  const Part& part = parts_[static_cast<size_t>(split)];
  const Shape wanted{count, T_};
  const bool fits = out.size() == fields_.size() && first >= 0 && std::ranges::all_of(out, [&](const Tensor& tensor) {
                      return tensor.shape == wanted && tensor.dtype == DType::i32;
                    });
  if (!fits)
    throw InternalError(fmt::format("samples [{}, {}) into other tensors than {} of i32 {}", first, first + count,
                                    fields_.size(), to_string(wanted)));
  if (samples(split) == 0) throw DataError(fmt::format("{}: {}", folder_.string(), too_few(split, 1, false)));
  for (int64_t i = 0; i < count; ++i) {
    const Window window = part.order[first + i];
    const ArrayShard& shard = part.shards[window.shard];
    shard.read(kTokens, window.begin, T_, out[0].as<int32_t>() + i * T_);
    shard.read(kTokens, window.begin + 1, T_, out[1].as<int32_t>() + i * T_);
    if (separate_)
      separate(out[0].as<int32_t>() + i * T_, out[1].as<int32_t>() + i * T_, out[2].as<int32_t>() + i * T_);
  }
}

void TokenDataset::separate(const int32_t* tokens, int32_t* targets, int32_t* starts) const {
  int32_t start = 0;
  for (int64_t t = 0; t < T_; ++t) {
    starts[t] = start;
    if (tokens[t] != manifest_.end_of_text) continue;
    targets[t] = -1;
    start = static_cast<int32_t>(t) + 1;
  }
}

std::unique_ptr<Tokenizer> TokenDataset::tokenizer() const {
  return load_tokenizer(folder_ / manifest_.tokenizer_file);
}

std::map<std::string, std::string> TokenDataset::files() const { return tokenizer_files(folder_, manifest_); }

std::string TokenDataset::identity() const { return data_identity(manifest_); }

std::string TokenDataset::too_few(Split split, int64_t samples, bool model_is_fixed) const {
  return too_short(manifest_, split, T_, samples, model_is_fixed);
}

std::unique_ptr<TokenDataset> open_token_dataset(const std::filesystem::path& folder, int64_t context, uint64_t seed) {
  return std::make_unique<TokenDataset>(folder, read_dataset_manifest(folder),
                                        DatasetNeeds{.context = context, .seed = seed});
}

}  // namespace convoy
