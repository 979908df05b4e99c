#include "datasets/table/table_rows.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "datasets/block_checksums.h"
#include "datasets/table/csv_reader.h"
#include "datasets/table/parse_number.h"

namespace convoy {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr size_t kShownBytes = 60;  // of a cell in a message

std::string quoted_cell(const std::string& cell) {
  return cell.size() <= kShownBytes ? fmt::format("\"{}\"", cell)
                                    : fmt::format("\"{}...\"", cell.substr(0, kShownBytes));
}

}  // namespace

TableRows::TableRows(const std::filesystem::path& file, std::string target)
    : target_(std::move(target)), out_(File::create(file)) {}

void TableRows::add(const TextFile& file, const std::string& shown, const ReadProgress& progress) {
  bool is_header = true;
  const auto visit = [&](int64_t line, std::span<const std::string> cells) {
    if (std::exchange(is_header, false))
      check_header(shown, cells);
    else
      add_row(shown, line, cells);
  };
  try {
    read_csv(file, visit, progress);
  } catch (const DataError& error) {
    const bool names_it = std::string_view(error.what()).starts_with(shown + ": ");
    throw names_it ? DataError(error) : DataError(fmt::format("{}: {}", shown, error.what()));
  }
}

void TableRows::check_header(const std::string& shown, std::span<const std::string> cells) {
  if (!header_) {
    header_ = read_header(cells, target_);
    first_file_ = shown;
    rounded_.resize(header_->names.size());
    return;
  }
  for (size_t i = 0; i < std::max(cells.size(), header_->names.size()); ++i) {
    const std::string here = i < cells.size() ? cells[i] : "none",
                      there = i < header_->names.size() ? header_->names[i] : "none";
    if (here != there)
      throw DataError(fmt::format("column {} is {}, in {} it is {}; all files want the same columns in one order",
                                  i + 1, quoted_cell(here), first_file_, quoted_cell(there)));
  }
}

void TableRows::add_row(const std::string& shown, int64_t line, std::span<const std::string> cells) {
  if (cells.size() != header_->names.size())
    throw DataError(
        fmt::format("line {}: {} cells, wanted {} as the first row has; add what is missing, or put cells "
                    "with a comma in quotation marks",
                    line, cells.size(), header_->names.size()));
  row_.clear();
  for (size_t i = 0; i < cells.size(); ++i)
    if (i != header_->target) row_.push_back(number(shown, line, i, cells[i]));
  row_.push_back(number(shown, line, header_->target, cells[header_->target]));
  const auto bytes = std::as_bytes(std::span(row_));
  contents_.push_back(xxh3_64(bytes));
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (buffer_.size() < kBufferBytes) return;
  out_.write(buffer_);
  buffer_.clear();
}

float TableRows::number(const std::string& shown, int64_t line, size_t column, const std::string& cell) {
  const ParsedNumber parsed = parse_number(cell);
  if (!parsed.problem.empty())
    throw DataError(fmt::format("{}: line {}, column \"{}\": {} {}", shown, line, header_->names[column],
                                cell.empty() ? "the cell" : quoted_cell(cell), parsed.problem));
  if (parsed.rounded) ++rounded_[column];
  return parsed.value;
}

void TableRows::finish() {
  out_.write(buffer_);
  buffer_.clear();
  out_.close();
}

std::vector<std::string> TableRows::notes() const {
  std::vector<std::string> notes;
  for (size_t i = 0; i < rounded_.size(); ++i)
    if (rounded_[i] > 0)
      notes.push_back(
          fmt::format("column \"{}\" has {} whole numbers that f32 rounds, being larger than 16777216; if "
                      "they are names, of customers for example, leave the column out",
                      header_->names[i], rounded_[i]));
  return notes;
}

}  // namespace convoy
