#include "datasets/token_dataset.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/data_identity.h"
#include "datasets/files/data_errors.h"
#include "datasets/split_advice.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {

TokenDataset::TokenDataset(std::filesystem::path folder, int64_t T, uint64_t seed)
    : folder_(std::move(folder)),
      T_(T),
      manifest_(read_dataset_manifest(folder_)),
      fields_{{"tokens", DType::i32, {T}}, {"targets", DType::i32, {T}}} {
  if (T < 1) throw DataError(fmt::format("a context of {} tokens, wanted at least 1; raise model.context", T));
  for (const Split split : {Split::train, Split::validation}) parts_.push_back(open(split, seed));
  if (samples(Split::train) == 0)
    throw DataError(fmt::format("{}: {}", folder_.string(), too_short(manifest_, Split::train, T, 1, false)));
}

TokenDataset::Part TokenDataset::open(Split split, uint64_t seed) const {
  std::vector<TokenShard> shards;
  std::vector<int64_t> shard_tokens;
  for (const ShardEntry& entry : manifest_.split(split).shards) {
    shards.emplace_back(folder_, manifest_, entry);
    shard_tokens.push_back(entry.tokens);
  }
  return {std::move(shards), WindowOrder(split, std::move(shard_tokens), T_, seed)};
}

void TokenDataset::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  const Part& part = parts_[static_cast<size_t>(split)];
  const Shape wanted{count, T_};
  if (out.size() != 2 || out[0].shape != wanted || out[1].shape != wanted || out[0].dtype != DType::i32 ||
      out[1].dtype != DType::i32 || first < 0)
    throw InternalError(
        fmt::format("samples [{}, {}) into other tensors than two of i32 {}", first, first + count, to_string(wanted)));
  if (samples(split) == 0)
    throw DataError(fmt::format("{}: {}", folder_.string(), too_short(manifest_, split, T_, 1, false)));
  for (int64_t i = 0; i < count; ++i) {
    const Window window = part.order[first + i];
    const TokenShard& shard = part.shards[window.shard];
    shard.read(window.begin, T_, out[0].as<int32_t>() + i * T_);
    shard.read(window.begin + 1, T_, out[1].as<int32_t>() + i * T_);
  }
}

std::unique_ptr<Tokenizer> TokenDataset::tokenizer() const {
  return load_tokenizer(folder_ / manifest_.tokenizer_file);
}

std::string TokenDataset::tokenizer_content() const {
  return as_data_error([&] { return read_file(folder_ / manifest_.tokenizer_file); });
}

std::string TokenDataset::identity() const { return data_identity(manifest_); }

std::unique_ptr<TokenDataset> open_token_dataset(const std::filesystem::path& folder, int64_t context, uint64_t seed) {
  return std::make_unique<TokenDataset>(folder, context, seed);
}

}  // namespace convoy
