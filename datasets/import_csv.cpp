#include "datasets/import_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/array_shard_writer.h"
#include "datasets/files/data_errors.h"
#include "datasets/files/mapped_file.h"
#include "datasets/import_folder.h"
#include "datasets/import_sources.h"
#include "datasets/table/column_statistics.h"
#include "datasets/table/split_rows.h"
#include "datasets/table/table_rows.h"

namespace convoy {
namespace {

constexpr std::string_view kCsvExtensions[] = {".csv"};
constexpr int64_t kShardBytes = 128 << 20;  // of a file, and of each split in memory

void check_csv_options(const ImportCsvOptions& options) {
  if (options.inputs.empty()) throw DataError("no table named; name CSV files or folders of *.csv");
  if (options.target.empty())
    throw ConfigError("no target named; write --target COLUMN, the column that a model is to tell from the others");
  for (const auto& [name, value] : {std::pair{"--validation", options.validation}, {"--test", options.test}})
    if (!(value >= 0 && value < 1))
      throw ConfigError(fmt::format("{} {}: wanted a fraction from 0 up to, not including, 1", name, value));
  if (options.validation + options.test >= 1)
    throw ConfigError(fmt::format("--validation {} and --test {} leave nothing to train on; lower one of them",
                                  options.validation, options.test));
}

ImportRecord record_of(const ImportCsvOptions& options) {
  return {"import-csv",
          {{"target", options.target},
           {"validation", fmt::format("{}", options.validation)},
           {"test", fmt::format("{}", options.test)}},
          {}};
}

std::vector<Column> named(const std::vector<std::string>& names) {
  std::vector<Column> columns;
  for (const std::string& name : names) columns.push_back({name, {}});
  return columns;
}

std::vector<StoredField> fields_of(const TableHeader& header) {
  const std::vector<std::string> features = header.features();
  return {{"x", StoredType::f32, {static_cast<int64_t>(features.size())}, {.columns = named(features)}, 0},
          {"y", StoredType::f32, {1}, {.columns = named({header.names[header.target]})}, 0}};
}

class CsvImporter {
 public:
  CsvImporter(const ImportCsvOptions& options, const ImportProgressFunction& progress)
      : options_(options), clock_(progress), sources_(options.inputs, kCsvExtensions), record_(record_of(options)) {}

  // What can be known before the tables are read is said before.
  ImportResult run() {
    check_replaceable(options_.out, options_.force);
    if (std::filesystem::exists(options_.out / kDatasetManifestName) && !options_.force)
      return compare(sources_.open_existing(options_.out, record_));
    ImportFolder folder(options_.out);
    const std::filesystem::path pipes = folder.path() / "pipes", rows = folder.path() / "rows";
    sources_.scan(record_, nullptr, pipes, clock_);
    TableRows table(rows, options_.target);
    parse(table);
    std::filesystem::remove_all(pipes);
    DatasetManifest manifest = deal_out(folder.path(), table, rows);
    std::filesystem::remove(rows);
    write_dataset_manifest(folder.path(), manifest);
    folder.commit();
    add_notes(manifest);
    return {false, std::move(manifest), {}, std::move(sources_.notes())};
  }

 private:
  // Is it what this import would make?
  ImportResult compare(DatasetManifest manifest) {
    sources_.scan(record_, nullptr, "", clock_);
    require_same_import(options_.out, manifest, record_);
    add_notes(manifest);
    return {true, std::move(manifest), {}, std::move(sources_.notes())};
  }

  // The first reading has checked that it is text; here cells become numbers.
  void parse(TableRows& table) {
    clock_.start("reading numbers", clock_.done());
    for (size_t i = 0; i < sources_.files().size(); ++i) {
      const std::string& shown = sources_.shown()[i];
      if (sources_.files()[i].bytes == 0)
        throw DataError(fmt::format("{}: is empty; wanted a row with names of columns, then rows of numbers", shown));
      table.add(sources_.files()[i], shown, [&](int64_t bytes) { clock_.advance(bytes); });
    }
    table.finish();
    if (table.rows() == 0)
      throw DataError(fmt::format("{}: names columns, but holds no row of numbers", sources_.shown().front()));
    for (std::string& note : table.notes()) sources_.notes().push_back(std::move(note));
  }

  // Each row to its split. The statistics are of those that are trained on.
  DatasetManifest deal_out(const std::filesystem::path& folder, const TableRows& table,
                           const std::filesystem::path& rows) {
    DatasetManifest manifest;
    manifest.kind = "arrays";
    manifest.fields = fields_of(table.header());
    manifest.import = record_;
    const std::vector<Split> splits = split_rows(table.contents(), options_.validation, options_.test);
    const int64_t trained_on = std::count(splits.begin(), splits.end(), Split::train);
    if (trained_on == 0)
      throw DataError(fmt::format("--validation {} and --test {} leave none of {} rows to train on; lower them",
                                  options_.validation, options_.test, table.rows()));
    require_room(folder, table.rows() * manifest.row_bytes(), "the rows");
    std::vector<ArrayShardWriter> writers;
    for (const Split split : kSplits)
      writers.emplace_back(folder, split, manifest.fields, std::max<int64_t>(1, kShardBytes / manifest.row_bytes()),
                           manifest.block_bytes);
    const StatisticsOfColumns statistics = write_rows(MappedFile(rows), manifest.row_bytes(), splits, writers);
    for (const Split split : kSplits) manifest.split(split) = writers[static_cast<size_t>(split)].finish();
    size_t column = 0;
    for (StoredField& field : manifest.fields)
      for (Column& named_column : field.facts.columns) named_column.statistics = statistics.of(column++);
    return manifest;
  }

  StatisticsOfColumns write_rows(const MappedFile& rows, int64_t row_bytes, const std::vector<Split>& splits,
                                 std::vector<ArrayShardWriter>& writers) {
    const auto bytes = static_cast<size_t>(row_bytes), target = bytes - sizeof(float);
    StatisticsOfColumns statistics(bytes / sizeof(float));
    clock_.start("writing", static_cast<int64_t>(rows.bytes().size()));
    for (size_t i = 0; i < splits.size(); ++i) {
      const auto row = rows.bytes().subspan(i * bytes, bytes);
      writers[static_cast<size_t>(splits[i])].append(
          std::array<std::span<const std::byte>, 2>{row.first(target), row.subspan(target)});
      if (splits[i] == Split::train)  // the file is mapped at a page, so that its numbers are aligned
        statistics.add({reinterpret_cast<const float*>(row.data()), bytes / sizeof(float)});
      if (i % 4096 == 4095 || i + 1 == splits.size())
        clock_.advance(static_cast<int64_t>((i + 1) * bytes) - clock_.done());
    }
    return statistics;
  }

  void add_notes(const DatasetManifest& manifest) {
    for (const auto& [split, fraction] :
         {std::pair{Split::validation, options_.validation}, {Split::test, options_.test}})
      if (fraction > 0 && manifest.split(split).rows() == 0)
        sources_.notes().push_back(fmt::format(
            "--{} {} leaves no row for that split; import it again with a larger share", name_of(split), fraction));
    for (const StoredField& field : manifest.fields)
      for (const Column& column : field.facts.columns)
        if (const auto& of = column.statistics; of && of->min == of->max)
          sources_.notes().push_back(
              fmt::format("column \"{}\" is {:g} in all rows that are trained on, so that it "
                          "tells nothing",
                          column.name, of->min));
  }

  const ImportCsvOptions& options_;
  ImportClock clock_;
  ImportSources sources_;
  ImportRecord record_;
};

}  // namespace

ImportResult import_csv(const ImportCsvOptions& options, const ImportProgressFunction& progress) {
  check_csv_options(options);
  return as_data_error([&] { return CsvImporter(options, progress).run(); });
}

}  // namespace convoy
