// The files of one table: all of the same columns, cut and named alike.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/data/batch_source.h"
#include "datasets/ordered_pipe.h"
#include "datasets/table/csv_blocks.h"
#include "datasets/table/csv_rows.h"
#include "datasets/table/table_header.h"
#include "datasets/text/text_files.h"

namespace convoy {

struct TableFile {
  TextFile file;
  std::string shown;           // what messages call it
  std::optional<Split> split;  // of all its rows; absent: they are dealt out
};

struct TableFiles {
  std::vector<TableFile> files;
  char delimiter = ',';
  TableHeader header;
  int threads = 1;

  std::vector<std::string> shown() const;
};

// Finds out what a table is from the beginning of its first file. delimiter: 0: to be found out. Throws DataError,
// naming the file, if one is empty or has other columns than the first.
TableFiles open_table(std::vector<TableFile> files, char delimiter, HeaderRow header);

// What it is, in words: "comma between cells, a header".
std::string describe_table(const TableFiles& table);

// The rows of a block, without the header. Throws DataError, "line N: ...", about a row of another length, and about
// the header standing there again.
void read_table_rows(const CsvBlock& block, char delimiter, const TableHeader& header, const CsvVisitor& visit);

// Throws what was thrown, a DataError with the file's name in front.
[[noreturn]] void rethrow_with_file(const std::string& shown);

// work(file, block) on several threads, take(file, its result, bytes of the block) in order.
template <class Result>
void for_each_block(const TableFiles& table, const std::function<Result(size_t, CsvBlock&&)>& work,
                    const std::function<void(size_t, Result&&, int64_t)>& take) {
  struct Made {
    Result result;
    int64_t bytes;
  };
  for (size_t i = 0; i < table.files.size(); ++i) try {
      CsvBlocks blocks(table.files[i].file);
      OrderedPipe<CsvBlock, Made> pipe(
          table.threads, [&](CsvBlock& block) { return blocks.next(block); },
          [&](CsvBlock&& block) {
            const auto bytes = static_cast<int64_t>(block.text.size());
            return Made{work(i, std::move(block)), bytes};
          });
      while (std::optional<Made> made = pipe.take()) take(i, std::move(made->result), made->bytes);
    } catch (const DataError&) {
      rethrow_with_file(table.files[i].shown);
    }
}

}  // namespace convoy
