#include "datasets/inspect.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/dataset_manifest.h"
#include "datasets/token_shard.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

constexpr int64_t kExcerptTokens = 240;
constexpr Split kSplits[] = {Split::train, Split::validation};

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<int64_t>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<size_t>(place), 1, ',');
  return digits;
}

std::string excerpt(const std::filesystem::path& folder, const DatasetManifest& manifest, const Tokenizer& tokenizer) {
  const ShardEntry& entry = manifest.split(Split::train).shards.front();
  std::vector<int32_t> tokens(static_cast<size_t>(std::min(entry.tokens, kExcerptTokens)));
  TokenShard(folder, manifest, entry).read(0, static_cast<int64_t>(tokens.size()), tokens.data());
  std::string text = tokenizer.decode(tokens);
  text.resize(text.size() - unfinished_utf8_bytes(text));
  return text;
}

std::string describe_split(const DatasetManifest& manifest, Split which) {
  const SplitEntry& split = manifest.split(which);
  std::string text =
      fmt::format("{:<12} {:>15} tokens in {} shards\n", name_of(which), grouped(split.tokens()), split.shards.size());
  for (const ShardEntry& shard : split.shards)
    text += fmt::format("  {:<24} {:>13} tokens {:>15} bytes\n", shard.file, grouped(shard.tokens),
                        grouped(shard.tokens * manifest.token_bytes));
  return text;
}

// Adds what is wrong with one shard.
void verify_shard(const std::filesystem::path& folder, const DatasetManifest& manifest, const ShardEntry& entry,
                  std::vector<std::string>& damages) {
  try {
    const TokenShard shard(folder, manifest, entry);
    for (int64_t i = 0; i < shard.blocks(); ++i)
      if (auto damage = shard.damage(i)) damages.push_back(std::move(*damage));
  } catch (const DataError& error) {
    damages.emplace_back(error.what());
  }
}

void verify_tokenizer(const std::filesystem::path& folder, const DatasetManifest& manifest,
                      std::vector<std::string>& damages) {
  try {
    const int64_t found = load_tokenizer(folder / manifest.tokenizer_file)->vocabulary();
    if (found != manifest.vocabulary)
      damages.push_back(fmt::format("{}: a vocabulary of {}, the manifest wants {}: it is another tokenizer's",
                                    (folder / manifest.tokenizer_file).string(), found, manifest.vocabulary));
  } catch (const DataError& error) {
    damages.emplace_back(error.what());
  }
}

}  // namespace

std::string describe_dataset(const std::filesystem::path& folder) {
  const DatasetManifest manifest = read_dataset_manifest(folder);
  const auto tokenizer = load_tokenizer(folder / manifest.tokenizer_file);
  int64_t text_bytes = 0;
  for (const SourceEntry& source : manifest.import.sources) text_bytes += source.bytes;
  std::string text = fmt::format("{}: tokens, from {} text files of {} bytes\n", folder.string(),
                                 manifest.import.sources.size(), grouped(text_bytes));
  text += fmt::format("tokenizer    {}, vocabulary {}, {}\n", manifest.import.tokenizer, grouped(manifest.vocabulary),
                      manifest.end_of_text < 0 ? std::string("no end-of-text token")
                                               : fmt::format("end of text {}", manifest.end_of_text));
  for (const Split split : kSplits) text += describe_split(manifest, split);
  return text + "\nIt begins:\n" + excerpt(folder, manifest, *tokenizer) + "\n";
}

std::vector<std::string> verify_dataset(const std::filesystem::path& folder,
                                        const std::function<void(int64_t, int64_t)>& progress) {
  const DatasetManifest manifest = read_dataset_manifest(folder);
  std::vector<std::string> damages;
  int64_t done = 0, total = 0;
  for (const SplitEntry& split : manifest.splits) total += split.tokens() * manifest.token_bytes;
  for (const SplitEntry& split : manifest.splits)
    for (const ShardEntry& entry : split.shards) {
      verify_shard(folder, manifest, entry, damages);
      done += entry.tokens * manifest.token_bytes;
      if (progress) progress(done, total);
    }
  verify_tokenizer(folder, manifest, damages);
  return damages;
}

}  // namespace convoy
