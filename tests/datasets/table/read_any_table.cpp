#include "tests/datasets/table/read_any_table.h"

#include <fmt/format.h>

#include <fstream>

#include "core/base/error.h"
#include "datasets/table/csv_delimiter.h"
#include "datasets/table/table_census.h"
#include "datasets/table/table_files.h"
#include "datasets/table/table_input.h"
#include "datasets/table/table_rows.h"

namespace convoy {
namespace {

std::vector<std::optional<size_t>> all_places(const TableForm& form) {
  std::vector<std::optional<size_t>> places;
  for (size_t i = 0; i < form.columns.size(); ++i) places.emplace_back(i);
  return places;
}

int64_t rows_of_input(const std::filesystem::path& file, const TableForm& form, char delimiter) {
  const auto input = open_table_input(file, form, {.delimiter = name_of_delimiter(delimiter), .keep = "all"});
  std::vector<std::vector<std::byte>> memory;
  std::vector<Tensor> tensors;
  constexpr int64_t kCount = 3;
  for (const BatchField& field : input->fields()) {
    auto& bytes = memory.emplace_back(static_cast<size_t>(kCount * field.shape.elements()) * size_of(field.dtype));
    tensors.push_back({bytes.data(), field.dtype, {kCount, field.shape.elements()}});
  }
  std::vector<InputRow> rows;
  while (input->read(kCount, tensors, rows) == kCount) {
  }
  return static_cast<int64_t>(rows.size());
}

}  // namespace

bool read_any_table(std::string_view bytes, const std::filesystem::path& file) try {
  std::ofstream(file, std::ios::binary) << bytes;
  TextFile text{file, "t.csv"};
  scan_text_file(text, nullptr, [](int64_t) {});
  const TableFiles table = open_table({{text, "t.csv", {}}}, 0, HeaderRow::automatic);
  const FormRules rules{.target = table.header.names.back(), .missing_values = MissingValues::usual()};
  const TableCensus census = take_census(table, rules, [](int64_t) {});
  if (census.rows == 0) return false;
  const DecidedForm decided = decide_form(rules, table.header, census.columns, table.shown());
  if (table_form_from(to_json(decided.form)) != decided.form) throw InternalError("a form is another as JSON");
  const TableEncoder encoder(decided.form, all_places(decided.form), UnknownCategory::error);
  std::filesystem::path rows_file = file;
  rows_file += ".rows";
  std::filesystem::remove(rows_file);
  const TableRows rows = write_table_rows(table, decided.form, encoder, rows_file, [](int64_t) {});
  if (rows.rows + rows.missing + rows.without_target != census.rows)
    throw InternalError(fmt::format("{} rows were counted, {} read", census.rows, rows.rows));
  TableForm form = decided.form;
  for (TableColumn& column : form.columns) column.fill = 0.5;
  if (const int64_t asked = rows_of_input(file, form, table.delimiter); asked != census.rows)
    throw InternalError(fmt::format("{} rows were counted, {} predicted on", census.rows, asked));
  return true;
} catch (const DataError&) {
  return false;
} catch (const ConfigError&) {
  return false;
}

}  // namespace convoy
