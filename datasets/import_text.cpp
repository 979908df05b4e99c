#include "datasets/import_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/block_checksums.h"
#include "datasets/files/data_errors.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/text/encode_documents.h"
#include "datasets/text/text_files.h"
#include "datasets/token_shard_writer.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "datasets/tokens_manifest.h"

namespace convoy {
namespace {

constexpr int64_t kPieceBytes = 1 << 20;
constexpr int64_t kBytesAtOnce = 32 << 20;  // of text whose tokens are held at once
constexpr size_t kManyDocuments = 100;
constexpr const char* kPipes = "pipes";
constexpr std::string_view kTextExtensions[] = {".txt", ".md"};

void check_options(const ImportTextOptions& options) {
  if (!(options.validation >= 0 && options.validation < 1))
    throw ConfigError(
        fmt::format("--validation {}: wanted a fraction from 0 up to, not including, 1; 0.1 keeps a "
                    "tenth for validation",
                    options.validation));
  if (!(options.test >= 0 && options.validation + options.test < 1))
    throw ConfigError(fmt::format("--validation {} and --test {} leave nothing to train on; lower one of them",
                                  options.validation, options.test));
  if (options.shard_tokens < 1)
    throw ConfigError(fmt::format("--shard-tokens {}: wanted at least 1", options.shard_tokens));
  if (options.inputs.empty()) throw DataError("no text named; name files or folders of *.txt and *.md");
}

// A text file's part for each split.
struct Part {
  int64_t begin = 0, end = 0;
};
using Parts = std::array<Part, kSplits.size()>;  // by Split

Parts cut_within(const TextFile& file, double validation, double test) {
  const auto cut_at = [&](double kept) {
    return kept == 1 ? file.bytes : find_cut(file, std::llround(static_cast<double>(file.bytes) * kept));
  };
  const int64_t trained_on = cut_at(1 - validation - test), seen = std::max(trained_on, cut_at(1 - test));
  return {Part{0, trained_on}, Part{trained_on, seen}, Part{seen, file.bytes}};
}

// Document i is held back where the count i * fraction passes a whole number, and of those held back likewise one for
// testing.
Split split_of_document(size_t index, double validation, double test) {
  const double held_back = validation + test;
  const auto passes = [](double place, double fraction) {
    return std::floor((place + 1) * fraction) > std::floor(place * fraction);
  };
  const auto i = static_cast<double>(index);
  if (held_back == 0 || !passes(i, held_back)) return Split::train;
  return passes(std::floor(i * held_back), test / held_back) ? Split::test : Split::validation;
}

Parts cut_document(const TextFile& file, size_t index, size_t documents, double validation, double test) {
  if (documents < kManyDocuments) return cut_within(file, validation, test);
  Parts parts{};
  parts[static_cast<size_t>(split_of_document(index, validation, test))] = {0, file.bytes};
  return parts;
}

class Importer {
 public:
  Importer(const ImportTextOptions& options, const ImportProgressFunction& progress)
      : options_(options), clock_(progress), sources_(options.inputs, kTextExtensions), files_(sources_.files()) {}

  // What can be known before the text is read is said before.
  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    load_tokenizer_file();
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force)
      return compare(sources_.open_existing(options_.out, record_));
    ImportFolder folder(options_.out);
    require_room(folder.path(), least_token_bytes(sources_.bytes()), "the tokens");
    scan(folder.path() / kPipes);
    require_room(folder.path(), least_token_bytes(text_bytes_), "the tokens");
    DatasetManifest manifest = write(folder.path());
    folder.commit();
    return result(false, std::move(manifest));
  }

 private:
  // In the dataset, before the text was read and after. Of tokens of several characters nobody knows how many there
  // are.
  int64_t least_token_bytes(int64_t text_bytes) const {
    if (options_.tokenizer == "bytes") return 2 * text_bytes;
    if (!makes_characters()) return 0;
    int64_t characters = 0;
    for (const TextFile& file : files_) characters += file.characters;
    return tokenizer_ == nullptr ? 2 * text_bytes / 4 : characters * size_of(token_type_for(tokenizer_->vocabulary()));
  }

  ImportResult result(bool was_there, DatasetManifest manifest) {
    for (const auto& [split, fraction] :
         {std::pair{Split::validation, options_.validation}, {Split::test, options_.test}})
      if (fraction > 0 && manifest.split(split).rows() == 0)
        sources_.notes().push_back(
            fmt::format("--{} {} leaves nothing of the text for {}, so that {} cannot evaluate on it; import it again "
                        "with a larger share",
                        name_of(split), fraction, split == Split::test ? "testing" : "validation",
                        split == Split::test ? "`trainer eval --split test`" : "training"));
    return {was_there, std::move(manifest), {}, std::move(sources_.notes())};
  }

  bool makes_characters() const { return options_.tokenizer == "characters"; }

  void load_tokenizer_file() {
    record_.command = "import-text";
    record_.options = {{"tokenizer", options_.tokenizer},
                       {"tokenizer_checksum", to_hex(0)},
                       {"validation", fmt::format("{}", options_.validation)},
                       {"shard_tokens", fmt::format("{}", options_.shard_tokens)}};
    if (options_.test > 0) record_.options["test"] = fmt::format("{}", options_.test);
    if (options_.drop_duplicates) record_.options["drop_duplicates"] = "yes";
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

  // First pass: what the text is.
  void scan(const std::filesystem::path& pipes) {
    std::set<char32_t> characters;
    sources_.scan(record_, makes_characters() ? &characters : nullptr, pipes, clock_);
    text_bytes_ = clock_.done();
    std::erase_if(files_, [](const TextFile& file) { return file.bytes == 0; });
    if (files_.empty())
      throw DataError(fmt::format("{}: the text is empty; name files with text", options_.inputs.front().string()));
    if (options_.drop_duplicates) drop_duplicates();
    if (makes_characters()) tokenizer_ = parse_tokenizer(characters_tokenizer_json(characters), "tokenizer.json");
  }

  void drop_duplicates() {
    std::map<std::pair<int64_t, uint64_t>, size_t> first;  // by size and checksum
    std::vector<TextFile> kept;
    int64_t bytes = 0;
    for (TextFile& file : files_) {
      const auto [place, is_new] = first.try_emplace({file.bytes, file.checksum}, kept.size());
      if (!is_new && read_file(file.path) == read_file(kept[place->second].path))
        bytes += file.bytes;
      else
        kept.push_back(std::move(file));
    }
    if (kept.size() < files_.size())
      sources_.notes().push_back(fmt::format("{} of {} documents, {} bytes, are equal to one before them and left out",
                                             files_.size() - kept.size(), files_.size(), bytes));
    files_ = std::move(kept);
    text_bytes_ -= bytes;
  }

  // Is it what this import would make?
  ImportResult compare(DatasetManifest manifest) {
    scan("");
    require_same_import(options_.out, manifest, record_);
    return result(true, std::move(manifest));
  }

  // Second pass: tokens.
  DatasetManifest write(const std::filesystem::path& folder) {
    const TokenShardFormat format{tokenizer_->vocabulary(), options_.shard_tokens, DatasetManifest().block_bytes};
    std::vector<TokenShardWriter> writers;
    for (const Split split : kSplits) writers.emplace_back(folder, split, format);
    DocumentEncoders encoders(*tokenizer_, options_.threads);
    clock_.start("encoding", text_bytes_);
    const std::vector<Piece> pieces = cut_all();
    for (size_t begin = 0; begin < pieces.size();) {
      size_t end = begin;
      for (int64_t bytes = 0; end < pieces.size() && (bytes += pieces[end].bytes()) <= kBytesAtOnce;) ++end;
      if (end == begin) {  // too long to be held
        const Piece& piece = pieces[end++];
        encode(piece, encoders.first(), [&](std::vector<int32_t>& tokens, int64_t bytes) {
          writers[piece.split].append(tokens);
          tokens.clear();
          clock_.advance(bytes);
        });
      } else {
        encoders.run(
            begin, end,
            [&](size_t i, TextEncoder& encoder, std::vector<int32_t>& tokens) {
              encode(pieces[i], encoder, [&](std::vector<int32_t>& some, int64_t) {
                tokens.insert(tokens.end(), some.begin(), some.end());
                some.clear();
              });
            },
            [&](size_t i, const std::vector<int32_t>& tokens) {
              writers[pieces[i].split].append(tokens);
              clock_.advance(pieces[i].bytes());
            });
      }
      begin = end;
    }
    return finish(folder, writers);
  }

  // Of documents, what goes to one split.
  struct Piece {
    const TextFile* file;
    Part part;
    size_t split;
    int64_t bytes() const { return part.end - part.begin; }
  };
  std::vector<Piece> cut_all() {
    std::vector<Piece> pieces;
    for (size_t i = 0; i < files_.size(); ++i) {
      const auto parts = cut_document(files_[i], i, files_.size(), options_.validation, options_.test);
      for (size_t split = 0; split < parts.size(); ++split)
        if (parts[split].begin < parts[split].end) pieces.push_back({&files_[i], parts[split], split});
      train_bytes_ += parts[0].end - parts[0].begin;
    }
    return pieces;
  }

  // write(tokens, bytes): takes tokens away, and is told of how many bytes they are.
  template <class Write>
  void encode(const Piece& piece, TextEncoder& encoder, const Write& write) const {
    const auto& [file, part, split] = piece;
    std::vector<int32_t> tokens;
    try {
      read_pieces(*file, part.begin, part.end, kPieceBytes, [&](std::string_view text) {
        encoder.add(text, tokens);
        write(tokens, static_cast<int64_t>(text.size()));
      });
      encoder.finish(tokens);
    } catch (const DataError& error) {
      throw DataError(fmt::format("{}, from byte {} on: {}", file->path.string(), part.begin, error.what()));
    }
    if (part.end == file->bytes && tokenizer_->end_of_text() >= 0) tokens.push_back(tokenizer_->end_of_text());
    write(tokens, 0);
  }

  DatasetManifest finish(const std::filesystem::path& folder, std::vector<TokenShardWriter>& writers) {
    DatasetManifest manifest;
    manifest.kind = "tokens";
    manifest.vocabulary = tokenizer_->vocabulary();
    manifest.fields = {token_field(manifest.vocabulary)};
    manifest.end_of_text = tokenizer_->end_of_text();
    for (size_t split = 0; split < writers.size(); ++split) manifest.splits[split] = writers[split].finish();
    if (manifest.split(Split::train).rows() == 0) throw_nothing_to_train();
    std::filesystem::remove_all(folder / kPipes);
    manifest.import = record_;
    write_tokens_manifest(folder, manifest, *tokenizer_);
    return manifest;
  }

  [[noreturn]] void throw_nothing_to_train() const {
    if (train_bytes_ == 0)
      throw DataError(fmt::format("--validation {}{} leaves no text to train on; lower it", options_.validation,
                                  options_.test > 0 ? fmt::format(" with --test {}", options_.test) : ""));
    throw DataError(
        fmt::format("{}: this tokenizer makes no token of the text; choose another one", options_.tokenizer));
  }

  const ImportTextOptions& options_;
  ImportClock clock_;
  ImportSources sources_;
  std::vector<TextFile>& files_;
  int64_t text_bytes_ = 0, train_bytes_ = 0;
  std::unique_ptr<Tokenizer> tokenizer_;
  ImportRecord record_;
};

}  // namespace

ImportResult import_text(const ImportTextOptions& options, const ImportProgressFunction& progress) {
  check_options(options);
  return as_data_error([&] { return Importer(options, progress).run(); });
}

}  // namespace convoy
