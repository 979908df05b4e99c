#include "datasets/import_jsonl.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/chat/recognize_template.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "datasets/tokenizers/tokenizer_settings.h"
#include "launcher/binding/cpu_quota.h"
#include "launcher/commands/run_import.h"
#include "launcher/config/load_config.h"
#include "launcher/device_choice.h"
#include "launcher/generate/chat_choice.h"
#include "launcher/trained_model.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

struct JsonlWords : ImportWords<ImportJsonlOptions> {
  std::string model, tokenizer, format = "auto";
};

// The tokenizer's file in the model's folder, once it is sure that the model knows all its tokens.
std::string tokenizer_of_model(const fs::path& folder) {
  const CheckpointReader model(checkpoint_of(folder), false);
  const fs::path file = model.folder() / tokenizer_file_of(model);
  const Config config = parse_config(model.file("config.yaml"), (model.folder() / "config.yaml").string(), {});
  const int64_t known = config.model.family->vocabulary(), tokens = load_tokenizer(file)->vocabulary();
  if (known > 0 && tokens > known)
    throw DataError(fmt::format(
        "the model in {} has a vocabulary of {}, the tokenizer beside it one of {}; put the tokenizer there "
        "that the model was trained with",
        model.folder().string(), known, tokens));
  return file.string();
}

// What lies beside a tokenizer's file says how text is written with it.
TokenizerSettings settings_beside(const std::string& tokenizer) {
  const fs::path folder = is_folder(tokenizer) ? fs::path(tokenizer) : fs::path(tokenizer).parent_path();
  std::map<std::string, std::string> files;
  for (const char* name : kTokenizerCompanions)
    if (is_there(folder / name)) files[name] = read_file(folder / name);
  if (is_there(folder / "config.json")) files["config.json"] = read_file(folder / "config.json");
  return tokenizer_settings(files);
}

// Format "auto": what the model's own chat template writes; where that is none that is known, only records that are
// texts can be read. Whether the tokenizer is there at all is asked elsewhere.
RecordForm choose_form(const std::string& format, const std::string& path) {
  RecordForm form;
  form.why_not = "--format none says that there is none";
  const bool bytes = path == "bytes";
  if (format == "none" || (!bytes && !is_there(path))) return form;
  const auto tokenizer = bytes ? parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json") : load_tokenizer(path);
  const TokenizerSettings settings = bytes ? TokenizerSettings() : settings_beside(path);
  if (format == "auto") {
    RecognizedFormat own = recognize_template(settings);
    form.format = std::move(own.format);
    form.why_not = std::move(own.why_not);
    if (form.format) check_chat_format(*form.format, *tokenizer);
  } else {
    form.format = choose_chat_format(format, settings, *tokenizer);
  }
  form.chat_prompts = form.format.has_value();
  return form;
}

int run_import_jsonl(JsonlWords words) {
  ImportJsonlOptions& options = words.options;
  if (!words.model.empty() && !words.tokenizer.empty())
    throw UsageError("--model and --tokenizer: give one of them; a model has its tokenizer");
  options.tokenizer = words.model.empty() ? words.tokenizer : tokenizer_of_model(words.model);
  if (!options.tokenizer.empty()) options.form = choose_form(words.format, options.tokenizer);
  options.threads = threads_within(static_cast<int>(usable_processors().size()), quota_share(cpu_quotas(), {}));
  return run_import(std::move(words), import_jsonl);
}

void add_column_options(Command& command, RecordColumns& columns) {
  command.option("--text-column", columns.text, "the column of a text");
  command.option("--messages-column", columns.messages, "the column of a conversation, a list of messages");
  command.option("--role-column", columns.role, "of a message: whose it is, system, user or assistant");
  command.option("--content-column", columns.content, "of a message: its text");
  command.option("--prompt-column", columns.prompt, "the column of what is asked");
  command.option("--completion-column", columns.completion, "the column of its answer");
  command.option("--chosen-column", columns.chosen, "of a preference pair: the column of the better answer");
  command.option("--rejected-column", columns.rejected, "of a preference pair: the column of the other answer");
}

}  // namespace

void add_import_jsonl(Command& data) {
  auto words = std::make_shared<JsonlWords>();
  ImportJsonlOptions& options = words->options;
  Command command = data.command("import-jsonl", "Conversations, texts or preference pairs in JSON lines to a dataset");
  command.positional("FILE...OUT", words->inputs_and_out,
                     "files with an object of JSON on each line, pipes (/dev/stdin) or folders of *.jsonl, then the "
                     "dataset folder",
                     2);
  command.option("--model", words->model, "a model, run or checkpoint folder: its tokenizer and its chat format");
  command.option("--tokenizer", words->tokenizer, "in place of it: bytes, or a tokenizer.json or SentencePiece .model");
  command.option(
      "--format", words->format,
      "how conversations are written: auto, the model's own way; chatml, llama3, mistral, gemma, zephyr, plain; "
      "a .yaml file of your own; none: prompts and completions as they stand");
  command.option("--loss", options.loss, "which tokens of a conversation count: assistant, or all");
  add_column_options(command, options.columns);
  command.option("--max-tokens", options.max_tokens, "of a record, model.context + 1 at most; 0: any number",
                 Allowed::from(0, 1e9));
  command.option("--too-long", options.too_long, "a longer record: error, drop, or truncate its end");
  command.option("--normalize", options.normalize, "Unicode of all texts: none, nfc or nfkc");
  command.option("--validation", options.fractions.validation, "fraction of the records that is kept for validation",
                 Allowed::from_to_below(0, 1));
  command.option("--test", options.fractions.test, "fraction that is kept for `trainer eval --split test`",
                 Allowed::from_to_below(0, 1));
  command.option("--seed", options.seed, "of which records these are", Allowed::any());
  command.option("--validation-file", options.validation_files,
                 "a file of which all records are for validation, in place of a fraction; may be given many times");
  command.option("--test-file", options.test_files, "the same for the test split");
  command.option("--shard-tokens", options.shard_tokens, "tokens per HDF5 file at most", Allowed::from(1, 1e12));
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] { return run_import_jsonl(*words); });
}

}  // namespace convoy
