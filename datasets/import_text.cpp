#include "datasets/import_text.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/import_folder.h"
#include "datasets/text/text_files.h"
#include "datasets/token_shard.h"
#include "datasets/token_shard_writer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {
namespace {

constexpr int64_t kPieceBytes = 16 << 20;
constexpr size_t kManyDocuments = 100;

void check_options(const ImportTextOptions& options) {
  if (!(options.validation >= 0 && options.validation < 1))
    throw ConfigError(
        fmt::format("--validation {}: wanted a fraction from 0 up to, not including, 1; 0.1 keeps a "
                    "tenth for validation",
                    options.validation));
  if (options.shard_tokens < 1)
    throw ConfigError(fmt::format("--shard-tokens {}: wanted at least 1", options.shard_tokens));
  if (options.inputs.empty()) throw DataError("no text named; name files or folders of *.txt and *.md");
}

// A text file's part for each split.
struct Part {
  int64_t begin = 0, end = 0;
};
std::array<Part, 2> cut_document(const TextFile& file, size_t index, size_t documents, double validation) {
  if (documents < kManyDocuments) {
    const auto kept = static_cast<double>(file.bytes) * (1 - validation);
    const int64_t cut = validation == 0 ? file.bytes : find_cut(file, std::llround(kept));
    return {Part{0, cut}, Part{cut, file.bytes}};
  }
  // Document i is for validation where the count i * fraction passes a whole number.
  const auto count = [&](size_t i) { return std::floor(static_cast<double>(i) * validation); };
  const bool validates = count(index + 1) > count(index);
  return validates ? std::array{Part{}, Part{0, file.bytes}} : std::array{Part{0, file.bytes}, Part{}};
}

class Importer {
 public:
  Importer(const ImportTextOptions& options, const ImportProgressFunction& progress)
      : options_(options), progress_(progress), files_(find_text_files(options.inputs)) {
    for (const TextFile& file : files_) progress_state_.bytes_total += static_cast<int64_t>(fs_size(file));
  }

  ImportTextResult run() {
    load_tokenizer_file();
    scan();
    if (auto manifest = existing()) return {true, std::move(*manifest)};
    ImportFolder folder(options_.out);
    DatasetManifest manifest = write(folder.path());
    folder.commit();
    return {false, std::move(manifest)};
  }

 private:
  static uintmax_t fs_size(const TextFile& file) {
    std::error_code unknown;  // e.g. a pipe; opening it will tell
    const auto size = std::filesystem::file_size(file.path, unknown);
    return unknown ? 0 : size;
  }

  bool makes_characters() const { return options_.tokenizer == "characters"; }

  void load_tokenizer_file() {
    if (makes_characters()) return;
    if (options_.tokenizer == "bytes") {
      tokenizer_ = parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json");
      return;
    }
    if (!std::filesystem::exists(options_.tokenizer))
      throw DataError(
          fmt::format("--tokenizer {}: no such file; wanted characters, bytes, or the path of a "
                      "tokenizer.json or SentencePiece .model",
                      options_.tokenizer));
    tokenizer_ = load_tokenizer(options_.tokenizer);
    record_.tokenizer_checksum = xxh3_64(tokenizer_->file().second);
  }

  // First pass: what the text is.
  void scan() {
    std::set<char32_t> characters;
    start("reading");
    for (TextFile& file : files_) {
      scan_text_file(file, makes_characters() ? &characters : nullptr, [this](int64_t bytes) { advance(bytes); });
      record_.sources.push_back({file.name, file.bytes, file.checksum});
    }
    std::erase_if(files_, [](const TextFile& file) { return file.bytes == 0; });
    if (files_.empty())
      throw DataError(fmt::format("{}: the text is empty; name files with text", options_.inputs.front().string()));
    if (makes_characters()) tokenizer_ = parse_tokenizer(characters_tokenizer_json(characters), "tokenizer.json");
    record_.tokenizer = record_.tokenizer_checksum == 0 ? options_.tokenizer
                                                        : std::filesystem::path(options_.tokenizer).filename().string();
    record_.validation = options_.validation;
    record_.shard_tokens = options_.shard_tokens;
  }

  // The dataset that is there, if it is what this import would make.
  std::optional<DatasetManifest> existing() const {
    check_replaceable(options_.out, options_.force);
    if (!std::filesystem::exists(options_.out / kDatasetManifestName) || options_.force) return std::nullopt;
    DatasetManifest manifest = read_dataset_manifest(options_.out);
    if (!(manifest.import == record_))
      throw DataError(
          fmt::format("{}: holds a dataset of other text or options; choose another folder, or replace it "
                      "with --force",
                      options_.out.string()));
    for (const SplitEntry& split : manifest.splits)
      for (const ShardEntry& shard : split.shards) TokenShard(options_.out, manifest, shard);
    return manifest;
  }

  // Second pass: tokens.
  DatasetManifest write(const std::filesystem::path& folder) {
    const TokenShardFormat format{tokenizer_->vocabulary(), options_.shard_tokens, DatasetManifest().block_bytes};
    std::array writers = {TokenShardWriter(folder, Split::train, format),
                          TokenShardWriter(folder, Split::validation, format)};
    start("encoding");
    for (size_t i = 0; i < files_.size(); ++i) {
      const auto parts = cut_document(files_[i], i, files_.size(), options_.validation);
      for (size_t split = 0; split < 2; ++split) encode(files_[i], parts[split], writers[split]);
    }
    return finish(folder, writers);
  }

  void encode(const TextFile& file, const Part& part, TokenShardWriter& writer) {
    if (part.begin == part.end) return;
    read_pieces(file, part.begin, part.end, kPieceBytes, [&](std::string_view text) {
      writer.append(tokenizer_->encode(text));
      advance(static_cast<int64_t>(text.size()));
    });
    if (part.end == file.bytes && tokenizer_->end_of_text() >= 0) writer.append(std::array{tokenizer_->end_of_text()});
  }

  DatasetManifest finish(const std::filesystem::path& folder, std::array<TokenShardWriter, 2>& writers) {
    DatasetManifest manifest;
    manifest.vocabulary = tokenizer_->vocabulary();
    manifest.token_bytes = token_bytes_for(manifest.vocabulary);
    manifest.end_of_text = tokenizer_->end_of_text();
    for (size_t split = 0; split < 2; ++split) manifest.splits[split] = writers[split].finish();
    if (manifest.split(Split::train).tokens() == 0)
      throw DataError(fmt::format("--validation {} leaves no text to train on; lower it", options_.validation));
    const auto [name, content] = tokenizer_->file();
    write_file_atomically(folder / name, content);
    manifest.tokenizer_file = name;
    manifest.import = record_;
    write_dataset_manifest(folder, manifest);
    return manifest;
  }

  void start(std::string_view stage) {
    progress_state_.stage = stage;
    progress_state_.bytes_done = 0;
    advance(0);
  }
  void advance(int64_t bytes) {
    progress_state_.bytes_done += bytes;
    if (progress_) progress_(progress_state_);
  }

  const ImportTextOptions& options_;
  const ImportProgressFunction& progress_;
  ImportProgress progress_state_;
  std::vector<TextFile> files_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ImportRecord record_;
};

}  // namespace

ImportTextResult import_text(const ImportTextOptions& options, const ImportProgressFunction& progress) {
  check_options(options);
  return as_data_error([&] { return Importer(options, progress).run(); });
}

}  // namespace convoy
