#include "datasets/table/table_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "datasets/files/data_errors.h"
#include "datasets/grouped_number.h"
#include "datasets/ordered_pipe.h"
#include "datasets/table/csv_blocks.h"
#include "datasets/table/csv_delimiter.h"
#include "datasets/table/split_list.h"
#include "datasets/table/table_files.h"
#include "datasets/table/table_header.h"
#include "datasets/text/text_kind.h"

namespace convoy {
namespace {

constexpr size_t kLinesNamed = 10;

UnknownCategory unknown_category_named(const std::string& name) {
  if (name == "error") return UnknownCategory::error;
  if (name == "missing") return UnknownCategory::missing;
  throw ConfigError(fmt::format("--unknown-category {}: there are error and missing", name));
}

TextFile one_file(const std::filesystem::path& path) {
  constexpr std::string_view kExtensions[] = {".csv"};
  std::vector<TextFile> files = find_text_files({path}, kExtensions);
  if (files.size() == 1) return std::move(files[0]);
  throw DataError(fmt::format("{}: is a folder of {} tables; name one of them, each has its own predictions",
                              path.string(), files.size()));
}

// Of each column of the form, where it is in the table.
class Places {
 public:
  Places(const TableForm& form, const TableHeader& header) : form_(form), header_(header) {
    if (!header.is_row) check_places();
    for (size_t i = 0; i < form.columns.size(); ++i) places_.push_back(find(i));
  }

  const std::vector<std::optional<size_t>>& places() const { return places_; }
  // Columns of the table that the form does not know.
  std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const std::string& name : header_.names)
      if (std::ranges::find(form_.columns, name, &TableColumn::name) == form_.columns.end()) names.push_back(name);
    return names;
  }

 private:
  std::optional<size_t> find(size_t column) const {
    const std::string& name = form_.columns[column].name;
    const auto found = std::find(header_.names.begin(), header_.names.end(), name);
    if (found != header_.names.end() && column != form_.target)
      return static_cast<size_t>(found - header_.names.begin());
    if (!form_.is_feature(column)) return std::nullopt;
    throw DataError(fmt::format("no column is named \"{}\", which the model reads{}; there are {}", name,
                                did_you_mean(name, header_.names), fmt::join(header_.names, ", ")));
  }

  // Without names columns are known by their places, of which the last may be the target's.
  void check_places() const {
    const size_t here = header_.names.size(), wanted = form_.columns.size();
    if (form_.has_header)
      throw DataError(
          fmt::format("has no header, and the model knows columns by their names; write a row of names above "
                      "it, or --header yes if the first row is one"));
    const bool without_target = here + 1 == wanted && form_.target + 1 == wanted;
    if (here != wanted && !without_target)
      throw DataError(
          fmt::format("has {} columns without names, the table that was trained on had {}; only the target may "
                      "be left out, and only where it stands last",
                      here, wanted));
  }

  const TableForm& form_;
  const TableHeader& header_;
  std::vector<std::optional<size_t>> places_;
};

// A table whose first row has the names that are wanted has a header, whatever it looks like.
TableHeader find_header(const CsvBlock& beginning, char delimiter, const TableForm& form, HeaderRow rule) {
  if (rule == HeaderRow::automatic) rule = form.has_header ? HeaderRow::yes : HeaderRow::automatic;
  return read_header(beginning, delimiter, rule);
}

// The samples of a block.
struct DecodedBlock {
  std::vector<float> numbers;
  std::vector<int32_t> ids;
  std::vector<InputRow> rows;
  std::vector<int64_t> lines_of_no_use;  // the first of them
  int64_t of_no_use = 0;
};

class TableInput final : public PredictionInput {
 public:
  TableInput(TextFile file, TableForm form, const TableInputOptions& options)
      : file_(std::move(file)), shown_(file_.path.string()), form_(std::move(form)), blocks_(file_) {
    if (blocks_.beginning() == nullptr)
      throw DataError("is empty; wanted a row with names of columns, then rows of cells");
    check_text(*blocks_.beginning());
    const char forced = delimiter_named(options.delimiter);
    delimiter_ = forced != 0 ? forced : find_delimiter(*blocks_.beginning());
    header_ = find_header(*blocks_.beginning(), delimiter_, form_, header_row_named(options.header));
    const Places places(form_, header_);
    unknown_ = places.unknown();
    encoder_.emplace(form_, places.places(), unknown_category_named(options.unknown_category));
    choose_kept(options.keep);
    if (encoder_->x() > 0) fields_.push_back({"x", DType::f32, {static_cast<int64_t>(encoder_->x())}});
    if (encoder_->categories() > 0)
      fields_.push_back({kCategoriesField, DType::i32, {static_cast<int64_t>(encoder_->categories())}});
    const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
    pipe_.emplace(
        threads, [this](CsvBlock& block) { return blocks_.next(block); },
        [this](CsvBlock&& block) { return decode(block); });
  }

  const std::vector<BatchField>& fields() const override { return fields_; }
  const std::vector<std::string>& kept_columns() const override { return kept_names_; }

  int64_t read(int64_t count, std::span<const Tensor> out, std::vector<InputRow>& rows) override try {
    int64_t done = 0;
    while (done < count && (row_ < block_.rows.size() || next_block())) {
      InputRow& row = block_.rows[row_++];
      if (row.usable) copy_sample(out, done++);
      rows.push_back(std::move(row));
    }
    return done;
  } catch (const DataError&) {
    rethrow_with_file(shown_);
  } catch (const FileError& error) {
    throw DataError(error.what());
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes;
    if (!unknown_.empty())
      notes.push_back(
          fmt::format("columns that the model was not trained on are left alone: {}", fmt::join(unknown_, ", ")));
    if (of_no_use_ > 0)
      notes.push_back(
          fmt::format("{} rows have no prediction, since a cell is missing that the model cannot do without: "
                      "line{} {}{}",
                      grouped(of_no_use_), of_no_use_ == 1 ? "" : "s", fmt::join(lines_of_no_use_, ", "),
                      of_no_use_ > static_cast<int64_t>(lines_of_no_use_.size()) ? ", ..." : ""));
    return notes;
  }

 private:
  static void check_text(const CsvBlock& beginning) {
    if (const auto why = why_no_text(std::string_view(beginning.text).substr(0, 1 << 16))) throw DataError(*why);
  }

  void choose_kept(const std::string& keep) {
    if (keep == "all")
      for (size_t i = 0; i < header_.names.size(); ++i) kept_.push_back(i);
    else
      for (const std::string& name : split_list(keep)) kept_.push_back(find_column(header_, name, "--keep"));
    for (const size_t i : kept_) kept_names_.push_back(header_.names[i]);
  }

  DecodedBlock decode(const CsvBlock& block) const {
    if (const auto bad = first_invalid_utf8(block.text)) {
      const auto lines =
          std::count(block.text.begin(), block.text.begin() + static_cast<std::ptrdiff_t>(*bad), block.line_end);
      throw DataError(
          fmt::format("line {}: is no UTF-8; {}", block.first_line + lines, encoding_advice(block.text, *bad)));
    }
    DecodedBlock decoded;
    std::vector<float> numbers(encoder_->numbers());
    std::vector<int32_t> ids(encoder_->ids());
    read_table_rows(block, delimiter_, header_, [&](int64_t line, CsvCells cells) {
      decoded.rows.push_back({encode(line, cells, {numbers, ids}, decoded), kept_of(cells)});
    });
    return decoded;
  }

  bool encode(int64_t line, CsvCells cells, TableEncoder::Row row, DecodedBlock& decoded) const try {
    if (encoder_->encode(cells, row) != TableEncoder::Use::whole) {
      if (decoded.lines_of_no_use.size() < kLinesNamed) decoded.lines_of_no_use.push_back(line);
      ++decoded.of_no_use;
      return false;
    }
    decoded.numbers.insert(decoded.numbers.end(), row.numbers.begin(), row.numbers.end());
    decoded.ids.insert(decoded.ids.end(), row.ids.begin(), row.ids.end());
    return true;
  } catch (const DataError& error) {
    throw DataError(fmt::format("line {}, {}", line, error.what()));
  }

  std::string kept_of(CsvCells cells) const {
    std::string text;
    for (size_t i = 0; i < kept_.size(); ++i) {
      if (i > 0) text += ',';
      append_csv_cell(text, cells[kept_[i]]);
    }
    return text;
  }

  bool next_block() {
    while (std::optional<DecodedBlock> block = pipe_->take()) {
      block_ = std::move(*block);
      row_ = sample_ = 0;
      of_no_use_ += block_.of_no_use;
      for (const int64_t line : block_.lines_of_no_use)
        if (lines_of_no_use_.size() < kLinesNamed) lines_of_no_use_.push_back(line);
      if (!block_.rows.empty()) return true;
    }
    return false;
  }

  void copy_sample(std::span<const Tensor> out, int64_t place) {
    const size_t x = encoder_->x(), categories = encoder_->categories(), at = static_cast<size_t>(place);
    encoder_->expand(block_.numbers.data() + sample_ * encoder_->numbers(),
                     block_.ids.data() + sample_ * encoder_->ids(), x > 0 ? out.front().as<float>() + at * x : nullptr,
                     categories > 0 ? out.back().as<int32_t>() + at * categories : nullptr);
    ++sample_;
  }

  TextFile file_;
  std::string shown_;
  TableForm form_;
  CsvBlocks blocks_;
  char delimiter_ = ',';
  TableHeader header_;
  std::optional<TableEncoder> encoder_;
  std::vector<BatchField> fields_;
  std::vector<size_t> kept_;
  std::vector<std::string> kept_names_, unknown_;
  DecodedBlock block_;
  size_t row_ = 0, sample_ = 0;  // of the block: the next ones
  int64_t of_no_use_ = 0;
  std::vector<int64_t> lines_of_no_use_;
  std::optional<OrderedPipe<CsvBlock, DecodedBlock>> pipe_;  // last: its threads use the rest
};

}  // namespace

std::unique_ptr<PredictionInput> open_table_input(const std::filesystem::path& path, TableForm form,
                                                  const TableInputOptions& options) {
  return as_data_error([&] {
    TextFile file = one_file(path);
    try {
      return std::make_unique<TableInput>(std::move(file), std::move(form), options);
    } catch (const DataError&) {
      rethrow_with_file(path.string());
    }
  });
}

}  // namespace convoy
