#include "datasets/table/table_census.h"

#include <utility>

namespace convoy {

TableCensus take_census(const TableFiles& table, const FormRules& rules, const ReadProgress& progress) {
  const MissingValues missing(rules.missing_values);
  const auto work = [&](size_t file, CsvBlock&& block) {
    TableCensus census{census_for(rules, table.header), 0};
    read_table_rows(block, table.delimiter, table.header, [&](int64_t line, CsvCells cells) {
      ++census.rows;
      for (size_t i = 0; i < cells.size(); ++i) census.columns[i].add(cells[i], missing, file, line);
    });
    return census;
  };
  TableCensus all{census_for(rules, table.header), 0};
  for_each_block<TableCensus>(table, work, [&](size_t, TableCensus&& census, int64_t bytes) {
    all.rows += census.rows;
    for (size_t i = 0; i < all.columns.size(); ++i) all.columns[i].add(census.columns[i]);
    progress(bytes);
  });
  return all;
}

}  // namespace convoy
