#include "datasets/import_csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "datasets/files/data_errors.h"
#include "datasets/grouped_number.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/table/csv_delimiter.h"
#include "datasets/table/deal_rows.h"
#include "datasets/table/decide_form.h"
#include "datasets/table/split_list.h"
#include "datasets/table/table_census.h"
#include "datasets/table/table_files.h"
#include "datasets/table/table_rows.h"

namespace convoy {
namespace {

constexpr std::string_view kCsvExtensions[] = {".csv"};

FormRules rules_of(const ImportCsvOptions& options) {
  if (options.inputs.empty()) throw DataError("no table named; name CSV files or folders of *.csv");
  if (options.target.empty())
    throw ConfigError("no target named; write --target COLUMN, the column that a model is to tell from the others");
  if (options.categories != "one-hot" && options.categories != "integer")
    throw ConfigError(fmt::format("--categories {}: there are one-hot and integer", options.categories));
  return {
      .target = options.target,
      .target_type = target_type_named(options.target_type),
      .dropped = split_list(options.drop),
      .one_hot = options.categories == "one-hot",
      .keep_constant = options.keep_constant,
      .most_categories = options.max_categories,
      .missing = missing_rule_named(options.missing),
      .missing_values = options.missing_values.empty() ? MissingValues::usual() : split_list(options.missing_values)};
}

// A split that has a file takes nothing of the other rows.
SplitFractions fractions_of(const ImportCsvOptions& options) {
  check_fractions(options.fractions);
  return {options.validation_files.empty() ? options.fractions.validation : 0,
          options.test_files.empty() ? options.fractions.test : 0};
}

ImportRecord record_of(const ImportCsvOptions& options) {
  const SplitFractions fractions = fractions_of(options);
  return {"import-csv",
          {{"target", options.target},
           {"target-type", options.target_type},
           {"drop", options.drop},
           {"delimiter", options.delimiter},
           {"header", options.header},
           {"categories", options.categories},
           {"keep-constant", options.keep_constant ? "yes" : "no"},
           {"max-categories", fmt::format("{}", options.max_categories)},
           {"missing", options.missing},
           {"missing-values", options.missing_values},
           {"validation", fmt::format("{}", fractions.validation)},
           {"test", fmt::format("{}", fractions.test)},
           {"validation-files", fmt::format("{}", options.validation_files.size())},
           {"test-files", fmt::format("{}", options.test_files.size())},
           {"seed", fmt::format("{}", options.seed)}},
          {}};
}

// All columns, where the table has them.
std::vector<std::optional<size_t>> places_of(const TableForm& form) {
  std::vector<std::optional<size_t>> places;
  for (size_t i = 0; i < form.columns.size(); ++i) places.emplace_back(i);
  return places;
}

std::vector<Column> named(const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back({name, {}});
  return columns;
}

std::vector<StoredField> fields_of(const TableForm& form) {
  const auto field = [](const char* name, StoredType type, Shape shape, FieldFacts facts) {
    const auto limit = static_cast<int64_t>(facts.classes.size());
    return StoredField{name, type, shape, std::move(facts), limit};
  };
  std::vector<StoredField> fields;
  const std::vector<std::string> x = form.x_columns(), categories = form.category_columns();
  if (!x.empty())
    fields.push_back(field("x", StoredType::f32, {static_cast<int64_t>(x.size())}, {.columns = named(x)}));
  if (!categories.empty())
    fields.push_back(field(kCategoriesField, StoredType::i32, {static_cast<int64_t>(categories.size())},
                           {.columns = named(categories), .classes = form.category_names()}));
  const TableColumn& target = form.columns[form.target];
  if (form.has_classes())
    fields.push_back(field("y", StoredType::i32, Shape{}, {.classes = target.categories}));
  else
    fields.push_back(field("y", StoredType::f32, {1}, {.columns = named({target.name})}));
  return fields;
}

class CsvImporter {
 public:
  CsvImporter(const ImportCsvOptions& options, const ImportProgressFunction& progress)
      : options_(options),
        rules_(rules_of(options)),
        delimiter_(delimiter_named(options.delimiter)),
        header_(header_row_named(options.header)),
        fractions_(fractions_of(options)),
        record_(record_of(options)),
        clock_(progress),
        sources_({options.inputs,
                  {options.validation_files.begin(), options.validation_files.end()},
                  {options.test_files.begin(), options.test_files.end()}},
                 kCsvExtensions) {}

  // What can be known before the tables are read is said before.
  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force) return compare();
    ImportFolder folder(options_.out);
    const std::filesystem::path pipes = folder.path() / "pipes", rows = folder.path() / "rows";
    sources_.scan(record_, nullptr, pipes, clock_);
    const TableFiles table = open_table(table_files(), delimiter_, header_);
    TableForm form = find_form(table);
    clock_.start("reading numbers", sources_.bytes());
    const TableEncoder encoder(form, places_of(form), UnknownCategory::error);
    const TableRows read = write_table_rows(table, form, encoder, rows, [&](int64_t bytes) { clock_.advance(bytes); });
    std::filesystem::remove_all(pipes);
    DatasetManifest manifest = deal_out(folder.path(), table, read, encoder, form);
    std::filesystem::remove(rows);
    write_dataset_manifest(folder.path(), manifest);
    folder.commit();
    return {false, std::move(manifest), std::move(summary_), std::move(sources_.notes())};
  }

 private:
  // Is it what this import would make?
  ImportResult compare() {
    DatasetManifest manifest = sources_.open_existing(options_.out, record_);
    sources_.scan(record_, nullptr, "", clock_);
    require_same_import(options_.out, manifest, record_);
    return {true, std::move(manifest), {}, std::move(sources_.notes())};
  }

  std::vector<TableFile> table_files() const {
    constexpr std::optional<Split> kSplitOfGroup[] = {std::nullopt, Split::validation, Split::test};
    std::vector<TableFile> files;
    for (size_t i = 0; i < sources_.files().size(); ++i)
      files.push_back({sources_.files()[i], sources_.shown()[i], kSplitOfGroup[sources_.groups()[i]]});
    return files;
  }

  TableForm find_form(const TableFiles& table) {
    clock_.start("looking at columns", sources_.bytes());
    const TableCensus census = take_census(table, rules_, [&](int64_t bytes) { clock_.advance(bytes); });
    if (census.rows == 0)
      throw DataError(fmt::format("{}: names columns, but holds no row of cells", sources_.shown().front()));
    DecidedForm decided = decide_form(rules_, table.header, census.columns, table.shown());
    for (std::string& note : decided.notes) sources_.notes().push_back(std::move(note));
    rows_read_ = census.rows;
    return std::move(decided.form);
  }

  // Each row to its split. The statistics are of those that are trained on.
  DatasetManifest deal_out(const std::filesystem::path& folder, const TableFiles& table, const TableRows& rows,
                           const TableEncoder& encoder, TableForm& form) {
    if (rows.rows == 0)
      throw DataError(
          fmt::format("{}: none of {} rows is of use: {} have no \"{}\", in {} another cell is missing; "
                      "--missing mean takes rows with missing cells",
                      sources_.shown().front(), rows_read_, rows.without_target, options_.target, rows.missing));
    DatasetManifest manifest;
    manifest.kind = "arrays";
    manifest.fields = fields_of(form);
    manifest.import = record_;
    require_room(folder, rows.rows * manifest.row_bytes(), "the rows");
    const DealtRows dealt = deal_rows(rows, form, fractions_, static_cast<uint64_t>(options_.seed), table.threads);
    require_training(dealt, rows.rows);
    const std::vector<double> fills = find_fills(rows, dealt, form.missing, table.threads);
    fill_in(form, fills);
    clock_.start("writing", static_cast<int64_t>(4 * rows.words()) * rows.rows);
    write_splits(folder, rows, dealt, encoder, fills, manifest, table.threads,
                 [&](int64_t bytes) { clock_.advance(bytes); });
    manifest.preprocessing = to_json(form);
    tell(table, rows, form, dealt, manifest);
    return manifest;
  }

  void require_training(const DealtRows& dealt, int64_t rows) const {
    int64_t trained_on = 0;
    for (const SplitCounts& of_class : dealt.counts) trained_on += of_class[static_cast<size_t>(Split::train)];
    if (trained_on == 0)
      throw DataError(fmt::format("--validation {} and --test {} leave none of {} rows to train on; lower them",
                                  fractions_.validation, fractions_.test, rows));
  }

  // Every number has a fill, so that a model can be asked about rows in which it is missing, unless the rule is that
  // such rows are of no use.
  static void fill_in(TableForm& form, const std::vector<double>& fills) {
    if (form.missing == MissingRule::drop || form.missing == MissingRule::error) return;
    size_t number = 0;
    for (size_t i = 0; i < form.columns.size(); ++i) {
      TableColumn& column = form.columns[i];
      if (!form.is_feature(i) || column.type == ColumnType::category) continue;
      if (std::isnan(fills[number]))
        throw DataError(
            fmt::format("column \"{}\" has no value in the rows that are trained on; import without it: "
                        "--drop {}",
                        column.name, column.name));
      column.fill = fills[number];
      number += column.has_indicator ? 2 : 1;
    }
  }

  void tell(const TableFiles& table, const TableRows& rows, const TableForm& form, const DealtRows& dealt,
            const DatasetManifest& manifest) {
    std::string read = fmt::format("{} rows of {} columns read: {}", grouped(rows_read_), table.header.names.size(),
                                   describe_table(table));
    if (rows.without_target > 0)
      read +=
          fmt::format("\n{} rows left out, of which \"{}\" is missing", grouped(rows.without_target), options_.target);
    if (rows.missing > 0)
      read += fmt::format("\n{} rows left out, of which another cell is missing", grouped(rows.missing));
    read += fmt::format("\nmissing is what is empty or one of {}", fmt::join(form.missing_values, " "));
    summary_.push_back(std::move(read));
    summary_.push_back(describe_form(form));
    const std::vector<std::string>& classes = form.columns[form.target].categories;
    if (form.has_classes()) summary_.push_back(class_balance(classes, dealt.counts));
    if (form.has_classes())
      for (std::string& note : notes_on_classes(classes, dealt.counts)) sources_.notes().push_back(std::move(note));
    add_notes(table, manifest);
  }

  void add_notes(const TableFiles& table, const DatasetManifest& manifest) {
    if (table.header.unnamed > 0)
      sources_.notes().push_back(
          fmt::format("{} columns have no name in the header; they are called by their places, "
                      "column_1 and so on",
                      table.header.unnamed));
    for (const auto& [split, fraction] :
         {std::pair{Split::validation, fractions_.validation}, {Split::test, fractions_.test}})
      if (fraction > 0 && manifest.split(split).rows() == 0)
        sources_.notes().push_back(fmt::format(
            "--{} {} leaves no row for that split; import it again with a larger share", name_of(split), fraction));
    if (!options_.keep_constant) note_constant(manifest);
  }

  void note_constant(const DatasetManifest& manifest) {
    constexpr size_t kNamed = 3;
    std::vector<std::string> names;
    for (const StoredField& field : manifest.fields)
      for (const Column& column : field.facts.columns)
        if (const auto& of = column.statistics; of && of->min == of->max && field.name == "x")
          names.push_back(fmt::format("\"{}\"", column.name));
    if (names.empty()) return;
    const size_t others = names.size() - std::min(names.size(), kNamed);
    names.resize(names.size() - others);
    sources_.notes().push_back(
        fmt::format("the same in all rows that are trained on, so that it tells nothing: column {}{}",
                    fmt::join(names, ", "), others == 0 ? "" : fmt::format(" and {} more", others)));
  }

  const ImportCsvOptions& options_;
  FormRules rules_;
  char delimiter_;
  HeaderRow header_;
  SplitFractions fractions_;
  ImportRecord record_;
  ImportClock clock_;
  ImportSources sources_;
  int64_t rows_read_ = 0;
  std::vector<std::string> summary_;
};

}  // namespace

ImportResult import_csv(const ImportCsvOptions& options, const ImportProgressFunction& progress) {
  return as_data_error([&] { return CsvImporter(options, progress).run(); });
}

}  // namespace convoy
