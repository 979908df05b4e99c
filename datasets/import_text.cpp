#include "datasets/import_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "core/base/disk_space.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/array_shard.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/import_folder.h"
#include "datasets/text/text_files.h"
#include "datasets/token_shard_writer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;
constexpr size_t kManyDocuments = 100;
constexpr const char* kPipes = "pipes";

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
      : options_(options), progress_(progress), files_(find_text_files(options.inputs, &notes_)) {
    for (const TextFile& file : files_) progress_state_.bytes_total += bytes_on_disk(file);
  }

  // What can be known before the text is read is said before.
  ImportTextResult run() {
    check_replaceable(options_.out, options_.force);
    load_tokenizer_file();
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force)
      return compare(open_existing());
    ImportFolder folder(options_.out);
    check_room(folder.path(), least_token_bytes(progress_state_.bytes_total));
    scan(folder.path() / kPipes);
    check_room(folder.path(), least_token_bytes(progress_state_.bytes_total));
    DatasetManifest manifest = write(folder.path());
    folder.commit();
    return result(false, std::move(manifest));
  }

 private:
  static int64_t bytes_on_disk(const TextFile& file) {
    return file.is_pipe ? 0 : static_cast<int64_t>(std::filesystem::file_size(file.path));
  }

  // In the dataset, before the text was read and after. Of tokens of several characters nobody knows how many there
  // are.
  int64_t least_token_bytes(int64_t text_bytes) const {
    if (options_.tokenizer == "bytes") return 2 * text_bytes;
    if (!makes_characters()) return 0;
    int64_t characters = 0;
    for (const TextFile& file : files_) characters += file.characters;
    return tokenizer_ == nullptr ? 2 * text_bytes / 4 : characters * size_of(token_type_for(tokenizer_->vocabulary()));
  }

  static void check_room(const std::filesystem::path& folder, int64_t bytes) {
    const auto free = free_bytes(folder);
    if (free && *free < bytes)
      throw FileError(
          fmt::format("write the {} bytes that the tokens take at least, of which {} are free, to", bytes, *free),
          folder, ENOSPC);
  }

  ImportTextResult result(bool was_there, DatasetManifest manifest) {
    if (options_.validation > 0 && manifest.split(Split::validation).rows() == 0)
      notes_.push_back(
          fmt::format("--validation {} leaves nothing of the text for validation, so that training cannot "
                      "evaluate on it; import it again with a larger share",
                      options_.validation));
    return {was_there, std::move(manifest), std::move(notes_)};
  }

  bool makes_characters() const { return options_.tokenizer == "characters"; }

  void load_tokenizer_file() {
    record_.command = "import-text";
    record_.options = {{"tokenizer", options_.tokenizer},
                       {"tokenizer_checksum", to_hex(0)},
                       {"validation", fmt::format("{}", options_.validation)},
                       {"shard_tokens", fmt::format("{}", options_.shard_tokens)}};
    if (makes_characters()) return;
    if (options_.tokenizer == "bytes") {
      tokenizer_ = parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json");
      return;
    }
    if (!is_there(options_.tokenizer))
      throw DataError(
          fmt::format("--tokenizer {}: no such file; wanted characters, bytes, or the path of a "
                      "tokenizer.json or SentencePiece .model",
                      options_.tokenizer));
    tokenizer_ = load_tokenizer(options_.tokenizer);
    record_.options["tokenizer"] = std::filesystem::path(options_.tokenizer).filename().string();
    record_.options["tokenizer_checksum"] = to_hex(xxh3_64(tokenizer_->file().second));
  }

  // First pass: what the text is. Pipes, which can be read once, are kept in the folder, unless it has no name.
  void scan(const std::filesystem::path& pipes) {
    std::set<char32_t> characters;
    start("reading");
    for (TextFile& file : files_) {
      std::filesystem::path copy;
      if (file.is_pipe && !pipes.empty()) {
        make_folder(pipes);
        copy = pipes / fmt::format("{}", record_.sources.size());
      }
      scan_text_file(
          file, makes_characters() ? &characters : nullptr, [this](int64_t bytes) { advance(bytes); }, copy);
      record_.sources.push_back({file.name, file.bytes, file.checksum});
    }
    progress_state_.bytes_total = progress_state_.bytes_done;
    std::erase_if(files_, [](const TextFile& file) { return file.bytes == 0; });
    if (files_.empty())
      throw DataError(fmt::format("{}: the text is empty; name files with text", options_.inputs.front().string()));
    if (makes_characters()) tokenizer_ = parse_tokenizer(characters_tokenizer_json(characters), "tokenizer.json");
  }

  // The dataset that is there and may not be replaced.
  DatasetManifest open_existing() const {
    DatasetManifest manifest = read_dataset_manifest(options_.out);
    for (const Split split : kSplits) open_shards(options_.out, manifest, split);
    ImportRecord there = manifest.import;
    there.sources.clear();
    bool same = there == record_ && manifest.import.sources.size() == files_.size();
    for (size_t i = 0; same && i < files_.size(); ++i)
      same = files_[i].is_pipe || bytes_on_disk(files_[i]) == manifest.import.sources[i].bytes;
    if (!same) throw_another();
    return manifest;
  }

  // Is it what this import would make?
  ImportTextResult compare(DatasetManifest manifest) {
    scan("");
    if (!(manifest.import == record_)) throw_another();
    return result(true, std::move(manifest));
  }

  [[noreturn]] void throw_another() const {
    throw DataError(
        fmt::format("{}: holds a dataset of other text or options; choose another folder, or replace it with --force",
                    options_.out.string()));
  }

  // Second pass: tokens.
  DatasetManifest write(const std::filesystem::path& folder) {
    const TokenShardFormat format{tokenizer_->vocabulary(), options_.shard_tokens, DatasetManifest().block_bytes};
    std::array writers = {TokenShardWriter(folder, Split::train, format),
                          TokenShardWriter(folder, Split::validation, format)};
    encoder_ = tokenizer_->make_encoder();
    start("encoding");
    for (size_t i = 0; i < files_.size(); ++i) {
      const auto parts = cut_document(files_[i], i, files_.size(), options_.validation);
      for (size_t split = 0; split < 2; ++split) encode(files_[i], parts[split], writers[split]);
      train_bytes_ += parts[0].end - parts[0].begin;
    }
    return finish(folder, writers);
  }

  void encode(const TextFile& file, const Part& part, TokenShardWriter& writer) {
    if (part.begin == part.end) return;
    std::vector<int32_t> tokens;
    const auto write = [&](auto&& encode) {
      tokens.clear();
      try {
        encode();
      } catch (const DataError& error) {
        throw DataError(fmt::format("{}, from byte {} on: {}", file.path.string(), part.begin, error.what()));
      }
      writer.append(tokens);
    };
    read_pieces(file, part.begin, part.end, kPieceBytes, [&](std::string_view text) {
      write([&] { encoder_->add(text, tokens); });
      advance(static_cast<int64_t>(text.size()));
    });
    write([&] { encoder_->finish(tokens); });
    if (part.end == file.bytes && tokenizer_->end_of_text() >= 0) writer.append(std::array{tokenizer_->end_of_text()});
  }

  DatasetManifest finish(const std::filesystem::path& folder, std::array<TokenShardWriter, 2>& writers) {
    DatasetManifest manifest;
    manifest.kind = "tokens";
    manifest.vocabulary = tokenizer_->vocabulary();
    manifest.fields = {token_field(manifest.vocabulary)};
    manifest.end_of_text = tokenizer_->end_of_text();
    for (size_t split = 0; split < 2; ++split) manifest.splits[split] = writers[split].finish();
    if (manifest.split(Split::train).rows() == 0) throw_nothing_to_train();
    std::filesystem::remove_all(folder / kPipes);
    const auto [name, content] = tokenizer_->file();
    write_file_atomically(folder / name, content);
    manifest.tokenizer_file = name;
    manifest.import = record_;
    write_dataset_manifest(folder, manifest);
    return manifest;
  }

  [[noreturn]] void throw_nothing_to_train() const {
    if (train_bytes_ == 0)
      throw DataError(fmt::format("--validation {} leaves no text to train on; lower it", options_.validation));
    throw DataError(
        fmt::format("{}: this tokenizer makes no token of the text; choose another one", options_.tokenizer));
  }

  void start(std::string_view stage) {
    progress_state_.stage = stage;
    progress_state_.bytes_done = 0;
    advance(0);
  }
  void advance(int64_t bytes) {
    progress_state_.bytes_done += bytes;
    progress_state_.bytes_total = std::max(progress_state_.bytes_total, progress_state_.bytes_done);  // pipes
    if (progress_) progress_(progress_state_);
  }

  const ImportTextOptions& options_;
  const ImportProgressFunction& progress_;
  ImportProgress progress_state_;
  std::vector<std::string> notes_;
  std::vector<TextFile> files_;
  int64_t train_bytes_ = 0;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<TextEncoder> encoder_;  // of all documents: it remembers words
  ImportRecord record_;
};

}  // namespace

ImportTextResult import_text(const ImportTextOptions& options, const ImportProgressFunction& progress) {
  check_options(options);
  return as_data_error([&] { return Importer(options, progress).run(); });
}

}  // namespace convoy
