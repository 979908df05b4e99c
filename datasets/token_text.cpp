#include "datasets/token_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/array_shard.h"
#include "datasets/grouped_number.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

constexpr int64_t kExcerptTokens = 240;

std::string beginning(const std::filesystem::path& folder, const DatasetManifest& manifest,
                      const Tokenizer& tokenizer) {
  if (manifest.split(Split::train).shards.empty()) return {};
  const ArrayShard shard(folder, manifest, manifest.split(Split::train).shards.front());
  std::vector<int32_t> tokens(static_cast<size_t>(std::min(shard.rows(), kExcerptTokens)));
  shard.read(0, 0, static_cast<int64_t>(tokens.size()), tokens.data());
  std::string text = tokenizer.decode(tokens);
  text.resize(text.size() - unfinished_utf8_bytes(text));
  return text;
}

}  // namespace

std::string tokenizer_text(const DatasetManifest& manifest) {
  const std::string& made_by = manifest.import.option("tokenizer");
  return fmt::format("tokenizer    {}, vocabulary {}, {}\n", made_by.empty() ? manifest.tokenizer_file : made_by,
                     grouped(manifest.vocabulary),
                     manifest.end_of_text < 0 ? std::string("no end-of-text token")
                                              : fmt::format("end of text {}", manifest.end_of_text));
}

std::string token_text(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  const auto tokenizer = load_tokenizer(folder / manifest.tokenizer_file);
  return fmt::format("{}\nIt begins:\n{}\n", tokenizer_text(manifest), beginning(folder, manifest, *tokenizer));
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

}  // namespace convoy
