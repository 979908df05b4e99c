#include "datasets/token_dataset.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "datasets/files/data_errors.h"
#include "datasets/split_advice.h"

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

std::vector<BatchField> fields_of_tokens(const DatasetNeeds& needs) {
  const int64_t T = needs.context;
  std::vector<BatchField> fields{{"tokens", DType::i32, {T}}, {"targets", DType::i32, {T}}};
  if (needs.separate_documents) fields.push_back({"starts", DType::i32, {T}});
  return fields;
}

}  // namespace

TokenDataset::TokenDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs)
    : LanguageDataset(std::move(folder), std::move(manifest), needs, "a dataset of tokens", fields_of_tokens(needs)),
      separate_(needs.separate_documents) {
  check_is_of_tokens(folder_, manifest_);
  if (separate_ && manifest_.end_of_text < 0)
    throw DataError(
        fmt::format("{}: data.separate_documents wants to know where documents end, and its tokenizer has no "
                    "end-of-text token; import the text with one that has, or leave the key out",
                    folder_.string()));
  if (needs.prefix_ends)
    throw DataError(
        fmt::format("{}: model.attention = prefix wants to know where prompts end, and this is running text without "
                    "any; import conversations, or prompts and answers, with `trainer data import-jsonl`, or write "
                    "model.attention=causal",
                    folder_.string()));
  for (const Split split : kSplits) parts_.push_back(open(split));
  require_samples(Split::train);
}

TokenDataset::Part TokenDataset::open(Split split) const {
  std::vector<int64_t> shard_tokens;
  for (const ShardEntry& shard : manifest_.split(split).shards) shard_tokens.push_back(shard.rows);
  return {shards(split), WindowOrder(split, std::move(shard_tokens), T_, seed_)};
}

void TokenDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  check_tensors(out, first, count);
  require_samples(split);
  const Part& part = parts_[static_cast<size_t>(split)];
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

std::string TokenDataset::too_few(Split split, int64_t samples, bool model_is_fixed) const {
  return too_short(manifest_, split, T_, samples, model_is_fixed);
}

std::unique_ptr<TokenDataset> open_token_dataset(const std::filesystem::path& folder, int64_t context, uint64_t seed) {
  return std::make_unique<TokenDataset>(folder, read_dataset_manifest(folder),
                                        DatasetNeeds{.context = context, .seed = seed});
}

}  // namespace convoy
