#include "datasets/import_jsonl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/documents/document.h"
#include "datasets/files/data_errors.h"
#include "datasets/grouped_number.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/jsonl/record_sink.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "datasets/tokens_manifest.h"

namespace convoy {
namespace {

constexpr const char* kJsonlPipes = "pipes";
constexpr std::string_view kJsonlExtensions[] = {".jsonl", ".ndjson"};

// Groups of ImportSources.
enum Group : size_t { kSplitByFraction, kForValidation, kForTest };

template <class Value>
Value one_of(const std::string& option, const std::string& value,
             std::initializer_list<std::pair<const char*, Value>> known) {
  std::vector<std::string> names;
  for (const auto& [name, meaning] : known) {
    if (value == name) return meaning;
    names.emplace_back(name);
  }
  throw ConfigError(fmt::format("{} {}: there are {}", option, value, fmt::join(names, ", ")));
}

TooLong too_long_rule(const std::string& name) {
  return one_of<TooLong>("--too-long", name,
                         {{"error", TooLong::error}, {"drop", TooLong::drop}, {"truncate", TooLong::truncate}});
}

std::optional<NormalForm> normal_form(const std::string& name) {
  return one_of<std::optional<NormalForm>>(
      "--normalize", name, {{"none", std::nullopt}, {"nfc", NormalForm::nfc}, {"nfkc", NormalForm::nfkc}});
}

SplitFractions fractions_of(const ImportJsonlOptions& options) {
  return {options.validation_files.empty() ? options.fractions.validation : 0,
          options.test_files.empty() ? options.fractions.test : 0};
}

// As the record keeps them: those that are not as ever.
std::string columns_text(const RecordColumns& c) {
  const RecordColumns usual;
  std::vector<std::string> named;
  for (const auto& [option, name, before] : {std::tuple{"text", &c.text, &usual.text},
                                             {"messages", &c.messages, &usual.messages},
                                             {"role", &c.role, &usual.role},
                                             {"content", &c.content, &usual.content},
                                             {"prompt", &c.prompt, &usual.prompt},
                                             {"completion", &c.completion, &usual.completion},
                                             {"chosen", &c.chosen, &usual.chosen},
                                             {"rejected", &c.rejected, &usual.rejected}})
    if (*name != *before) named.push_back(fmt::format("{}={}", option, *name));
  return fmt::format("{}", fmt::join(named, ","));
}

// All of a format that its name does not say.
std::string format_checksum(const ChatFormat& f) {
  std::string text;
  for (const std::string& part : {f.system.prefix, f.system.suffix, f.without_system, f.user.prefix, f.user.suffix,
                                  f.assistant.prefix, f.assistant.suffix})
    text += part + '\0';
  return to_hex(xxh3_64(text + fmt::format("{}{}{}", f.takes_system, f.system_in_user, f.trims)));
}

std::vector<std::vector<std::filesystem::path>> groups_of(const ImportJsonlOptions& options) {
  return {options.inputs,
          {options.validation_files.begin(), options.validation_files.end()},
          {options.test_files.begin(), options.test_files.end()}};
}

class JsonlImporter {
 public:
  JsonlImporter(const ImportJsonlOptions& options, const ImportProgressFunction& progress)
      : options_(options),
        clock_(progress),
        sources_(groups_of(options), kJsonlExtensions),
        too_long_(too_long_rule(options.too_long)),
        normalize_(normal_form(options.normalize)) {}

  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    load_tokenizer_file();
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force)
      return compare(sources_.open_existing(options_.out, record_));
    ImportFolder folder(options_.out);
    scan(folder.path() / kJsonlPipes);
    DatasetManifest manifest = write(folder.path());
    folder.commit();
    return {false, std::move(manifest), summary(), notes()};
  }

 private:
  void load_tokenizer_file() {
    tokenizer_ = options_.tokenizer == "bytes" ? parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json")
                                               : load_tokenizer(options_.tokenizer);
    const SplitFractions fractions = fractions_of(options_);
    record_.command = "import-jsonl";
    record_.options = {{"tokenizer", std::filesystem::path(options_.tokenizer).filename().string()},
                       {"tokenizer_checksum", to_hex(xxh3_64(tokenizer_->file().second))},
                       {"loss", options_.loss},
                       {"columns", columns_text(options_.columns)},
                       {"max_tokens", fmt::format("{}", options_.max_tokens)},
                       {"too_long", options_.too_long},
                       {"normalize", options_.normalize},
                       {"validation", fmt::format("{}", fractions.validation)},
                       {"test", fmt::format("{}", fractions.test)},
                       {"validation_files", fmt::format("{}", options_.validation_files.size())},
                       {"test_files", fmt::format("{}", options_.test_files.size())},
                       {"seed", fmt::format("{}", options_.seed)},
                       {"shard_tokens", fmt::format("{}", options_.shard_tokens)}};
    if (const auto& format = options_.form.format) {
      record_.options["format"] = format->name + (options_.form.chat_prompts ? "" : ", prompts as they are");
      record_.options["format_checksum"] = format_checksum(*format);
    }
  }

  void scan(const std::filesystem::path& pipes) {
    sources_.scan(record_, nullptr, pipes, clock_);
    bytes_ = clock_.done();
    if (bytes_ == 0)
      throw DataError(fmt::format("{}: the file is empty; name files with an object of JSON on each line",
                                  sources_.shown().front()));
  }

  ImportResult compare(DatasetManifest manifest) {
    scan("");
    require_same_import(options_.out, manifest, record_);
    return {true, std::move(manifest), {}, std::move(sources_.notes())};
  }

  std::optional<Split> split_of(size_t file) const {
    const size_t group = sources_.groups()[file];
    if (group == kSplitByFraction) return has_fractions() ? std::nullopt : std::optional(Split::train);
    return group == kForValidation ? Split::validation : Split::test;
  }
  bool has_fractions() const {
    const SplitFractions fractions = fractions_of(options_);
    return fractions.validation > 0 || fractions.test > 0;
  }

  DatasetManifest write(const std::filesystem::path& folder) {
    DatasetManifest manifest;
    manifest.vocabulary = tokenizer_->vocabulary();
    manifest.fields = document_fields(manifest.vocabulary);
    manifest.end_of_text = tokenizer_->end_of_text();
    RecordForm form = options_.form;
    form.all_count = options_.loss == "all";
    const SplitRecords split(fractions_of(options_), static_cast<uint64_t>(options_.seed));
    RecordSink sink(folder, manifest.vocabulary, options_.shard_tokens, manifest.block_bytes,
                    {options_.max_tokens, too_long_, split});
    RecordBatches batches(sources_.files(), sources_.shown(), options_.columns, normalize_, form, *tokenizer_,
                          options_.threads);
    clock_.start("encoding", bytes_);
    while (std::optional<EncodedBatch> batch = batches.take()) {
      const size_t file = batch->file;
      clock_.advance(batch->bytes);
      sink.add(*std::move(batch), sources_.shown()[file], split_of(file));
    }
    sink.finish(manifest);
    counts_ = sink.counts();
    check_kept(manifest);
    std::filesystem::remove_all(folder / kJsonlPipes);
    manifest.import = record_;
    write_tokens_manifest(folder, manifest, *tokenizer_);
    return manifest;
  }

  void check_kept(const DatasetManifest& manifest) const {
    if (manifest.split(Split::train).rows() > 0) return;
    if (counts_.read() == 0)
      throw DataError(
          fmt::format("{}: no record in it; wanted an object of JSON on each line", sources_.shown().front()));
    throw DataError(fmt::format("of {} records none is left to train on: {}; change the rules or name more records",
                                grouped(counts_.read()), fmt::join(dropped(), ", ")));
  }

  // What was left out, and why.
  std::vector<std::string> dropped() const {
    std::vector<std::string> texts;
    const auto tell = [&](int64_t count, const std::string& what) {
      if (count > 0) texts.push_back(fmt::format("{} {}", grouped(count), what));
    };
    tell(counts_.duplicates, "exact duplicates left out");
    tell(counts_.too_long, fmt::format("longer than {} tokens left out", options_.max_tokens));
    tell(counts_.truncated, fmt::format("cut to {} tokens", options_.max_tokens));
    tell(counts_.silent, "without a token that counts left out");
    tell(counts_.last_questions, "questions without an answer cut off at the end");
    for (const Split split : {Split::validation, Split::test})
      tell(counts_.kept[static_cast<size_t>(split)], fmt::format("kept for {}", name_of(split)));
    return texts;
  }

  std::vector<std::string> summary() const {
    std::string kinds;
    const char* names[] = {"texts", "conversations", "prompts with completions", "preference pairs"};
    for (size_t kind = 0; kind < counts_.kinds.size(); ++kind)
      if (counts_.kinds[kind] > 0)
        kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", grouped(counts_.kinds[kind]), names[kind]);
    std::string text = fmt::format("read         {} records: {}\n", grouped(counts_.read()), kinds);
    for (const std::string& line : dropped()) text += fmt::format("             {}\n", line);
    return {text};
  }

  std::vector<std::string> notes() {
    for (const auto& [split, fraction] :
         {std::pair{Split::validation, fractions_of(options_).validation}, {Split::test, fractions_of(options_).test}})
      if (fraction > 0 && counts_.kept[static_cast<size_t>(split)] == 0)
        sources_.notes().push_back(fmt::format("--{0} {1} leaves no record for {0}; import again with a larger share",
                                               name_of(split), fraction));
    return std::move(sources_.notes());
  }

  const ImportJsonlOptions& options_;
  ImportClock clock_;
  ImportSources sources_;
  TooLong too_long_;
  std::optional<NormalForm> normalize_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ImportRecord record_;
  RecordCounts counts_;
  int64_t bytes_ = 0;
};

void check_jsonl_options(const ImportJsonlOptions& options) {
  check_fractions(fractions_of(options));
  one_of<bool>("--loss", options.loss, {{"assistant", false}, {"all", true}});
  if (options.inputs.empty()) throw DataError("no file named; name files of JSON lines, or folders of *.jsonl");
  if (options.tokenizer.empty())
    throw ConfigError("no tokenizer named; write --model FOLDER, the model that will be trained, or --tokenizer FILE");
  if (options.tokenizer == "characters")
    throw ConfigError(
        "--tokenizer characters: records have tokenizers of models; wanted --model FOLDER, bytes, or the path of a "
        "tokenizer.json or SentencePiece .model");
  if (options.tokenizer != "bytes" && !is_there(options.tokenizer))
    throw DataError(
        fmt::format("--tokenizer {}: no such file; wanted bytes, or the path of a tokenizer.json or "
                    "SentencePiece .model",
                    options.tokenizer));
}

}  // namespace

ImportResult import_jsonl(const ImportJsonlOptions& options, const ImportProgressFunction& progress) {
  check_jsonl_options(options);
  return as_data_error([&] { return JsonlImporter(options, progress).run(); });
}

}  // namespace convoy
