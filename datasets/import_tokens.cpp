#include "datasets/import_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/shards.h"
#include "datasets/token_files/token_file.h"
#include "datasets/token_shard_writer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokens_manifest.h"

namespace convoy {
namespace {

constexpr int64_t kTokensAtOnce = 1 << 18;

struct TokenSource {
  std::filesystem::path path;
  std::unique_ptr<TokenFile> file;
  std::array<int64_t, kSplits.size() + 1> cuts;  // tokens [cuts[split], cuts[split + 1]) are of the split
};

void check_token_options(const ImportTokensOptions& options) {
  if (!(options.validation >= 0 && options.test >= 0 && options.validation + options.test < 1))
    throw ConfigError(fmt::format("--validation {} and --test {} leave nothing to train on; lower one of them",
                                  options.validation, options.test));
  if (options.shard_tokens < 1)
    throw ConfigError(fmt::format("--shard-tokens {}: wanted at least 1", options.shard_tokens));
  if (options.tokenizer.empty())
    throw ConfigError(
        "--tokenizer is missing: wanted the tokenizer.json or SentencePiece .model with which the tokens were made, "
        "which says how many there are and what they mean");
  if (!is_there(options.tokenizer))
    throw DataError(
        fmt::format("--tokenizer {}: no such file; wanted the tokenizer.json or SentencePiece .model with "
                    "which the tokens were made",
                    options.tokenizer));
}

class TokensImporter {
 public:
  TokensImporter(const ImportTokensOptions& options, const ImportProgressFunction& progress)
      : options_(options), clock_(progress), tokenizer_(load_tokenizer(options.tokenizer)) {
    add(options.inputs, Split::train);
    add({options.validation_files.begin(), options.validation_files.end()}, Split::validation);
    add({options.test_files.begin(), options.test_files.end()}, Split::test);
    record_.command = "import-tokens";
    record_.options = {{"tokenizer_checksum", to_hex(xxh3_64(tokenizer_->file().second))},
                       {"validation", fmt::format("{}", options.validation)},
                       {"test", fmt::format("{}", options.test)},
                       {"shard_tokens", fmt::format("{}", options.shard_tokens)},
                       {"files", fmt::format("{} {} {}", options.inputs.size(), options.validation_files.size(),
                                             options.test_files.size())}};
  }

  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force) {
      DatasetManifest manifest = read_dataset_manifest(options_.out);
      open_every_shard(options_.out, manifest);
      hash_sources();
      require_same_import(options_.out, manifest, record_);
      return {true, std::move(manifest), {}, {}};
    }
    ImportFolder folder(options_.out);
    require_room(folder.path(), total() * size_of(token_type_for(tokenizer_->vocabulary())), "the tokens");
    hash_sources();
    DatasetManifest manifest = write(folder.path());
    folder.commit();
    return {false, std::move(manifest), {}, {}};
  }

 private:
  void add(const std::vector<std::filesystem::path>& paths, Split split) {
    for (const std::filesystem::path& path : paths) {
      TokenSource source{path, open_token_file(path), {}};
      const int64_t all = source.file->tokens();
      const auto kept = [&](double share) {
        return share == 1 ? all : source.file->border_near(std::llround(static_cast<double>(all) * share));
      };
      if (split == Split::train) {
        const int64_t seen = kept(1 - options_.test);
        source.cuts = {0, std::min(seen, kept(1 - options_.validation - options_.test)), seen, all};
      } else {
        source.cuts =
            split == Split::validation ? std::array<int64_t, 4>{0, 0, all, all} : std::array<int64_t, 4>{0, 0, 0, all};
      }
      sources_.push_back(std::move(source));
    }
  }

  int64_t total() const {
    int64_t tokens = 0;
    for (const TokenSource& source : sources_) tokens += source.file->tokens();
    return tokens;
  }

  void hash_sources() {
    clock_.start("reading", 0);
    for (const TokenSource& source : sources_)
      for (const std::filesystem::path& file : source.file->files())
        record_.sources.push_back({file.filename().string(), static_cast<int64_t>(std::filesystem::file_size(file)),
                                   xxh3_64_of_file(file, [&](int64_t bytes) { clock_.advance(bytes); })});
  }

  DatasetManifest write(const std::filesystem::path& folder) {
    DatasetManifest manifest;
    manifest.kind = "tokens";
    manifest.vocabulary = tokenizer_->vocabulary();
    manifest.fields = {token_field(manifest.vocabulary)};
    manifest.end_of_text = tokenizer_->end_of_text();
    clock_.start("writing", total() * manifest.row_bytes());
    for (const Split split : kSplits) {
      TokenShardWriter writer(folder, split, {manifest.vocabulary, options_.shard_tokens, manifest.block_bytes});
      for (const TokenSource& source : sources_) copy(source, split, writer, manifest.row_bytes());
      manifest.split(split) = writer.finish();
    }
    if (manifest.split(Split::train).rows() == 0)
      throw DataError(
          fmt::format("{}: leaves no tokens to train on; lower --validation and --test, or name files with "
                      "tokens",
                      options_.inputs.front().string()));
    manifest.import = record_;
    write_tokens_manifest(folder, manifest, *tokenizer_);
    return manifest;
  }

  void copy(const TokenSource& source, Split split, TokenShardWriter& writer, int64_t token_bytes) {
    const int64_t first = source.cuts[static_cast<size_t>(split)], last = source.cuts[static_cast<size_t>(split) + 1];
    std::vector<int64_t> read;
    std::vector<int32_t> tokens;
    for (int64_t begin = first; begin < last; begin += kTokensAtOnce) {
      read.clear();
      source.file->read(begin, std::min(last, begin + kTokensAtOnce), read);
      const auto bad = std::ranges::find_if(read, [&](int64_t token) { return token < 0 || token >= vocabulary(); });
      if (bad != read.end())
        throw DataError(
            fmt::format("{}: token {} is {}, and {} has {} tokens; take the tokenizer with which the file was "
                        "made",
                        source.path.string(), begin + (bad - read.begin()), *bad, options_.tokenizer, vocabulary()));
      tokens.assign(read.begin(), read.end());
      writer.append(tokens);
      clock_.advance(std::ssize(tokens) * token_bytes);
    }
  }
  int64_t vocabulary() const { return tokenizer_->vocabulary(); }

  const ImportTokensOptions& options_;
  ImportClock clock_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<TokenSource> sources_;
  ImportRecord record_;
};

}  // namespace

ImportResult import_tokens(const ImportTokensOptions& options, const ImportProgressFunction& progress) {
  check_token_options(options);
  return as_data_error([&] { return TokensImporter(options, progress).run(); });
}

}  // namespace convoy
