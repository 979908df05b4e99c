#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "core/base/byte_text.h"
#include "datasets/import_csv.h"
#include "datasets/import_hdf5.h"
#include "datasets/import_idx.h"
#include "datasets/import_images.h"
#include "datasets/import_text.h"
#include "datasets/import_tokens.h"
#include "datasets/inspect.h"
#include "launcher/binding/cpu_quota.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/run_import.h"
#include "launcher/commands/split_name.h"
#include "launcher/device_choice.h"
#include "launcher/progress/console.h"
#include "launcher/progress/progress_text.h"
#include "launcher/signals.h"
#include "launcher/usage_error.h"

namespace convoy {

int show_import(const std::string& out, const std::function<ImportResult(const ImportProgressFunction&)>& import) {
  survive_failed_writes();
  const Terminal terminal = find_terminal();
  Console console(STDOUT_FILENO, terminal.present ? terminal.columns : 0);
  const ImportResult result = import([&](const ImportProgress& p) {
    const double part = p.bytes_total > 0 ? 100.0 * static_cast<double>(p.bytes_done) / p.bytes_total : 100.0;
    console.live(fmt::format("{} {:.0f}% of {}", p.stage, part, bytes_text(static_cast<size_t>(p.bytes_total))));
  });
  console.end_live();
  console.line(result.was_there ? fmt::format("{}: this is imported already, nothing to do", out)
                                : fmt::format("{}: imported", out));
  console.line(describe_dataset(out));
  for (const std::string& table : result.summary) console.line(table);
  for (const std::string& note : result.notes) console.line("note: " + note);
  return 0;
}

namespace {

int import_threads() {
  return threads_within(static_cast<int>(usable_processors().size()), quota_share(cpu_quotas(), {}));
}

struct InspectWords {
  std::string folder, split = "train", pictures = "auto";
  int64_t samples = 5;
  bool labels = false;
};

// Terminals that know 24 bits of colour say so.
PictureStyle picture_style(const std::string& pictures, bool is_terminal) {
  if (pictures == "colours") return PictureStyle::colours;
  if (pictures == "shades") return PictureStyle::shades;
  if (pictures != "auto") throw UsageError(fmt::format("--pictures {}: there are auto, colours and shades", pictures));
  const char* colours = std::getenv("COLORTERM");
  const bool knows =
      colours != nullptr && (std::string_view(colours) == "truecolor" || std::string_view(colours) == "24bit");
  return is_terminal && knows ? PictureStyle::colours : PictureStyle::shades;
}

int run_inspect(const InspectWords& words) {
  const Terminal terminal = find_terminal();
  SampleView view{split_named(words.split), words.samples, terminal.present ? terminal.columns : 100,
                  picture_style(words.pictures, terminal.present)};
  view.labels = words.labels;
  view.colours = terminal.present;
  std::fputs((readable(describe_dataset(words.folder)) + describe_samples(words.folder, view) + "\n").c_str(), stdout);
  return 0;
}

int run_verify(const std::string& folder) {
  const Terminal terminal = find_terminal();
  Console console(STDOUT_FILENO, terminal.present ? terminal.columns : 0);
  const std::vector<std::string> damages = verify_dataset(folder, [&](int64_t done, int64_t total) {
    console.live(fmt::format("verifying {:.0f}%", total > 0 ? 100.0 * static_cast<double>(done) / total : 100.0));
  });
  console.end_live();
  if (!damages.empty()) throw DataError(fmt::format("{}", fmt::join(damages, "\n")));
  console.line(fmt::format("{}: every block is whole", folder));
  return 0;
}

void add_import_text(Command& data) {
  auto words = std::make_shared<ImportWords<ImportTextOptions>>();
  Command command = data.command("import-text", "Text files to a dataset folder of HDF5 token shards");
  command.positional("IN...OUT", words->inputs_and_out,
                     "text files, pipes (/dev/stdin) or folders of *.txt and *.md, then the dataset folder", 2);
  command.option("--tokenizer", words->options.tokenizer,
                 "characters, bytes, or a tokenizer.json (byte-level BPE) or SentencePiece .model");
  command.option("--validation", words->options.validation, "fraction of the text that is kept for validation",
                 Allowed::from_to_below(0, 1));
  command.option("--test", words->options.test, "fraction of the text that is kept for `trainer eval --split test`",
                 Allowed::from_to_below(0, 1));
  command.option("--shard-tokens", words->options.shard_tokens, "tokens per HDF5 file at most", Allowed::from(1, 1e12));
  command.flag("--drop-duplicates", words->options.drop_duplicates,
               "of files that are equal byte by byte take only the first");
  command.flag("--force", words->options.force, "replace a dataset that is there");
  command.run([words] {
    words->options.threads = import_threads();
    return run_import(*words, import_text);
  });
}

void add_import_tokens(Command& data) {
  auto words = std::make_shared<ImportWords<ImportTokensOptions>>();
  ImportTokensOptions& options = words->options;
  Command command = data.command("import-tokens", "Token files of llm.c or Megatron-LM to a dataset folder");
  command.positional("FILE...OUT", words->inputs_and_out,
                     "llm.c's .bin, or Megatron's .bin with its .idx beside it, then the dataset folder", 2);
  command.option("--tokenizer", options.tokenizer, "the tokenizer.json or .model with which they were made");
  command.option("--validation", options.validation, "fraction of each file that is kept for validation",
                 Allowed::from_to_below(0, 1));
  command.option("--test", options.test, "fraction of each file that is kept for `trainer eval --split test`",
                 Allowed::from_to_below(0, 1));
  command.option("--validation-file", options.validation_files,
                 "a file of which all tokens are for validation; may be given many times");
  command.option("--test-file", options.test_files, "the same for the test split");
  command.option("--shard-tokens", options.shard_tokens, "tokens per HDF5 file at most", Allowed::from(1, 1e12));
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] { return run_import(*words, import_tokens); });
}

void add_import_csv(Command& data) {
  auto words = std::make_shared<ImportWords<ImportCsvOptions>>();
  ImportCsvOptions& options = words->options;
  Command command = data.command("import-csv", "Tables in CSV files to a dataset folder of HDF5 shards");
  command.positional("FILE...OUT", words->inputs_and_out,
                     "CSV files, pipes (/dev/stdin) or folders of *.csv, then the dataset folder", 2);
  command.option("--target", options.target, "the column that a model is to tell from the others");
  command.option("--target-type", options.target_type, "auto: numbers are numbers, text are classes; number; class");
  command.option("--drop", options.drop, "columns to leave out: A,B");
  command.option("--delimiter", options.delimiter, "between cells: auto, comma, semicolon, tab or bar");
  command.option("--header", options.header, "is the first row one of names? auto, yes or no");
  command.option("--categories", options.categories,
                 "one-hot: each is a column of x; integer: whole numbers in the field `categories`, for embeddings");
  command.flag("--keep-constant", options.keep_constant,
               "keep columns that are the same number in all rows: pixels, whose places count");
  command.option("--max-categories", options.max_categories, "a column of text with more different values is dropped",
                 Allowed::from(2, 1e6));
  command.option(
      "--missing", options.missing,
      "a missing number becomes its column's mean or median over the training split; category: the mean, and a "
      "column says so; a missing category is one of its own. drop: without such rows; error: refuse them");
  command.option("--missing-values", options.missing_values,
                 "texts that say that there is no value: A,B; none named: NA, N/A, NaN, null, None, ? and their like");
  command.option("--validation", options.fractions.validation, "fraction of the rows that is kept for validation",
                 Allowed::from_to_below(0, 1));
  command.option("--test", options.fractions.test, "fraction of the rows that is kept for `trainer eval --split test`",
                 Allowed::from_to_below(0, 1));
  command.option("--seed", options.seed, "of which rows these are", Allowed::any());
  command.option("--validation-file", options.validation_files,
                 "a table of which all rows are for validation, in place of a fraction; may be given many times");
  command.option("--test-file", options.test_files, "the same for the test split");
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] { return run_import(*words, import_csv); });
}

void add_split_options(Command& command, SplitFractions& fractions, int64_t& seed, const char* of) {
  command.option("--validation", fractions.validation,
                 fmt::format("fraction of the {} that is kept for validation", of).c_str(),
                 Allowed::from_to_below(0, 1));
  command.option("--test", fractions.test,
                 fmt::format("fraction of the {} that is kept for `trainer eval --split test`", of).c_str(),
                 Allowed::from_to_below(0, 1));
  command.option("--seed", seed, "of which samples go where", Allowed::from(0, 1e18));
}

void add_import_images(Command& data) {
  auto words = std::make_shared<ImportWords<ImportImagesOptions>>();
  ImportImagesOptions& options = words->options;
  Command command = data.command("import-images", "A folder of PNG and JPEG images by class to a dataset folder");
  command.positional("SOURCE...OUT", words->inputs_and_out,
                     "a folder with a folder for each class, or with train, validation (val) and test of these, then "
                     "the dataset folder",
                     2);
  command.option("--size", options.size,
                 "HEIGHTxWIDTH in pixels of all images, resized bilinearly and, where they shrink, averaged; left out: "
                 "all have one size already");
  command.option("--fit", options.fit, "where proportions differ: squeeze, crop (the middle) or pad (with black)");
  command.option("--channels", options.channels, "1: grey, 3: colours; transparency is laid over white",
                 Allowed::from(1, 3));
  add_split_options(command, options.fractions, options.seed, "images");
  command.option("--damaged", options.damaged, "error, or skip: leave out what cannot be decoded, and name it");
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] {
    words->options.threads = import_threads();
    return run_import(*words, import_images);
  });
}

void add_import_idx(Command& data) {
  auto words = std::make_shared<ImportWords<ImportIdxOptions>>();
  ImportIdxOptions& options = words->options;
  Command command = data.command("import-idx", "IDX files, as MNIST comes in, to a dataset folder");
  command.positional(
      "IN...OUT", words->inputs_and_out,
      "files of samples and labels, or a folder of them, also compressed (.gz), then the dataset folder; "
      "t10k or test in a name: for testing, val: for validation",
      2);
  command.option("--classes", options.classes, "names of the classes 0, 1, 2, ... with commas between");
  add_split_options(command, options.fractions, options.seed, "samples, where no file has that split,");
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] { return run_import(*words, import_idx); });
}

void add_import_hdf5(Command& data) {
  auto words = std::make_shared<ImportWords<ImportHdf5Options>>();
  ImportHdf5Options& options = words->options;
  Command command = data.command("import-hdf5", "Datasets of an HDF5 file, as h5py writes them, to a dataset folder");
  command.positional("FILE...OUT", words->inputs_and_out, "an HDF5 file, then the dataset folder", 2);
  command.option("--x", options.x, "path of the dataset of inputs, or several with commas between");
  command.option("--y", options.y, "path of the dataset that a model is to tell from them");
  command.option("--classes", options.classes,
                 "y holds classes: how many, auto, or their names with commas between; left out: numbers");
  command.option("--field", options.fields, "NAME=PATH: one more field; test.NAME=PATH: of another split");
  command.option("--numbers", options.numbers, "fields of whole numbers that are no categories, with commas between");
  command.option("--validation-x", options.validation_x, "as --x, where the file has a validation split");
  command.option("--validation-y", options.validation_y, "as --y, of that");
  command.option("--test-x", options.test_x, "as --x, where the file has a test split");
  command.option("--test-y", options.test_y, "as --y, of that");
  add_split_options(command, options.fractions, options.seed, "samples, where the file has no such split,");
  command.flag("--force", options.force, "replace a dataset that is there");
  command.run([words] { return run_import(*words, import_hdf5); });
}

constexpr const char* kFolderHelp = "dataset folder, as data.path of a config";

void add_inspect(Command& data) {
  auto words = std::make_shared<InspectWords>();
  Command command = data.command("inspect", "Say what a dataset holds, and show its first samples");
  command.positional("FOLDER", words->folder, kFolderHelp);
  command.option("--samples", words->samples, "samples to show, numbers as a table and images as pictures",
                 Allowed::from(0, 1000));
  command.option("--split", words->split, "of which split: train, validation or test");
  command.flag("--labels", words->labels,
               "show samples token by token: which of them count in the loss, of records that import-jsonl read");
  command.option("--pictures", words->pictures, "colours (24 bits), shades (letters), or auto: what the terminal can");
  command.run([words] { return run_inspect(*words); });
}

void add_verify(Command& data) {
  auto folder = std::make_shared<std::string>();
  Command command = data.command("verify", "Read a whole dataset and compare every checksum, label and number");
  command.positional("FOLDER", *folder, kFolderHelp);
  command.run([folder] { return run_verify(*folder); });
}

}  // namespace

void add_data_commands(CommandLine& line) {
  Command data = line.command("data", "Make and look at datasets");
  add_import_text(data);
  add_import_tokens(data);
  add_import_csv(data);
  add_import_images(data);
  add_import_idx(data);
  add_import_hdf5(data);
  add_import_jsonl(data);
  add_inspect(data);
  add_verify(data);
}

}  // namespace convoy
