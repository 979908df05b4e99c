#include "datasets/array_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "datasets/array_shard.h"
#include "datasets/class_labels.h"
#include "datasets/split_samples.h"

namespace convoy {
namespace {

constexpr int64_t kLabelsAtOnce = 1 << 16;
constexpr int64_t kMostTabledElements = 64;  // of a field in a row of the table
constexpr size_t kMostCell = 24;

bool is_picture(const StoredField& field) {
  return field.type == StoredType::u8 && field.shape.dims() == 3 && (field.shape[2] == 1 || field.shape[2] == 3);
}

// Cells that a terminal takes for a text of UTF-8, but for characters that are twice as wide.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string shortened_cell(std::string text) {
  text = readable(text);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (width_of(text) <= kMostCell) return text;
  size_t end = kMostCell - 3;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // no half characters
  return fmt::format("{}...", std::string_view(text).substr(0, end));
}

// The first rows of a split, with one field's elements at a time.
class FirstRows {
 public:
  FirstRows(const std::filesystem::path& folder, const DatasetManifest& manifest, const SampleView& view)
      : manifest_(manifest) {
    for (const ShardEntry& entry : manifest.split(view.split).shards) {
      const ArrayShard shard(folder, manifest, entry);
      const int64_t some = std::min(shard.rows(), view.count - count_);
      for (size_t f = 0; f < manifest.fields.size(); ++f) add(shard, f, some);
      count_ += some;
      if (count_ == view.count) break;
    }
  }

  int64_t count() const { return count_; }
  Image picture(size_t field, int64_t row) const {
    const Shape& shape = manifest_.fields[field].shape;
    Image image(shape[0], shape[1], shape[2]);
    std::memcpy(image.bytes.data(), at(field, row, 0), image.bytes.size());
    return image;
  }
  std::string cell(size_t field, int64_t row, int64_t element) const {
    const StoredField& of = manifest_.fields[field];
    const std::byte* value = at(field, row, element);
    switch (batch_dtype(of.type)) {
      case DType::f32:
        return fmt::format("{:.6g}", value_of<float>(value));
      case DType::u8:
        return fmt::format("{}", value_of<uint8_t>(value));
      default:
        break;
    }
    const auto number = static_cast<size_t>(value_of<int32_t>(value));
    return number < of.facts.classes.size() ? of.facts.classes[number] : fmt::format("{}", value_of<int32_t>(value));
  }

 private:
  template <class Number>
  static Number value_of(const std::byte* bytes) {
    Number number;
    std::memcpy(&number, bytes, sizeof number);
    return number;
  }
  size_t element_bytes(size_t field) const { return size_of(batch_dtype(manifest_.fields[field].type)); }
  const std::byte* at(size_t field, int64_t row, int64_t element) const {
    const int64_t place = row * manifest_.fields[field].shape.elements() + element;
    return rows_[field].data() + static_cast<size_t>(place) * element_bytes(field);
  }

  void add(const ArrayShard& shard, size_t field, int64_t count) {
    rows_.resize(manifest_.fields.size());
    const size_t before = rows_[field].size();
    const auto elements = static_cast<size_t>(count * manifest_.fields[field].shape.elements());
    rows_[field].resize(before + elements * element_bytes(field));
    shard.read(field, 0, count, rows_[field].data() + before);
  }

  const DatasetManifest& manifest_;
  int64_t count_ = 0;
  std::vector<std::vector<std::byte>> rows_;  // by field
};

// Columns of equal width for a terminal of so many cells; what has no room is counted.
class Table {
 public:
  void add_column(std::string title) { columns_.push_back({shortened_cell(std::move(title))}); }
  void add_cell(size_t column, std::string text) { columns_[column].push_back(shortened_cell(std::move(text))); }
  size_t columns() const { return columns_.size(); }

  std::string text(int64_t room) const {
    std::vector<size_t> widths;
    size_t shown = 0, width = 0;
    for (const auto& column : columns_) {
      size_t widest = 0;
      for (const std::string& cell : column) widest = std::max(widest, width_of(cell));
      if (shown > 1 && width + widest + 2 > static_cast<size_t>(room)) break;
      widths.push_back(widest);
      width += widest + 2;
      ++shown;
    }
    std::string text;
    for (size_t row = 0; row < columns_.front().size(); ++row) {
      for (size_t c = 0; c < shown; ++c) {
        text.append(widths[c] - width_of(columns_[c][row]), ' ');
        text += columns_[c][row];
        if (c + 1 < shown) text += "  ";
      }
      text += "\n";
    }
    if (shown < columns_.size()) text += fmt::format("and {} columns more\n", columns_.size() - shown);
    return text;
  }

 private:
  std::vector<std::vector<std::string>> columns_;  // titles first
};

std::string title_of(const StoredField& field, int64_t element) {
  if (!field.facts.columns.empty()) return field.facts.columns[static_cast<size_t>(element)].name;
  return field.shape.elements() == 1 ? field.name : fmt::format("{}[{}]", field.name, element);
}

std::string table_of(const DatasetManifest& manifest, const FirstRows& rows, int64_t room) {
  Table table;
  table.add_column("row");
  for (int64_t row = 0; row < rows.count(); ++row) table.add_cell(0, fmt::format("{}", row));
  // Labels and what has one number a sample first: they have room in any terminal.
  for (const bool single : {true, false})
    for (size_t f = 0; f < manifest.fields.size(); ++f) {
      const StoredField& field = manifest.fields[f];
      const int64_t elements = std::min(field.shape.elements(), kMostTabledElements);
      if (is_picture(field) || (field.shape.elements() == 1) != single) continue;
      for (int64_t element = 0; element < elements; ++element) {
        table.add_column(title_of(field, element));
        for (int64_t row = 0; row < rows.count(); ++row)
          table.add_cell(table.columns() - 1, rows.cell(f, row, element));
      }
    }
  return table.text(room);
}

std::string pictures_of(const DatasetManifest& manifest, const FirstRows& rows, const SampleView& view) {
  std::string text;
  for (size_t f = 0; f < manifest.fields.size(); ++f) {
    if (!is_picture(manifest.fields[f])) continue;
    for (int64_t row = 0; row < rows.count(); ++row) {
      text += fmt::format("{} of row {}", manifest.fields[f].name, row);
      for (size_t other = 0; other < manifest.fields.size(); ++other)
        if (const StoredField& field = manifest.fields[other];
            !field.facts.classes.empty() && field.shape.elements() == 1)
          text += fmt::format(", {}: {}", field.name, readable(rows.cell(other, row, 0)));
      text += '\n';
      text += picture_text(rows.picture(f, row), view.style, std::min<int64_t>(view.columns, 64));
    }
  }
  return text;
}

// Reads all labels.
std::string balance_of(const std::filesystem::path& folder, const DatasetManifest& manifest, size_t field) {
  const StoredField& of = manifest.fields[field];
  std::vector<SplitCounts> counts(of.facts.classes.size());
  std::vector<int32_t> labels;
  std::vector<uint8_t> bytes;
  for (const Split split : kSplits)
    for (const ShardEntry& entry : manifest.split(split).shards) {
      const ArrayShard shard(folder, manifest, entry);
      for (int64_t begin = 0; begin < shard.rows(); begin += kLabelsAtOnce) {
        const int64_t count = std::min(kLabelsAtOnce, shard.rows() - begin);
        labels.resize(static_cast<size_t>(count));
        if (of.type == StoredType::u8) {
          bytes.resize(labels.size());
          shard.read(field, begin, count, bytes.data());
          std::copy(bytes.begin(), bytes.end(), labels.begin());
        } else {
          shard.read(field, begin, count, labels.data());
        }
        count_labels(labels, std::vector<Split>(labels.size(), split), counts);
      }
    }
  return readable(class_balance(of.facts.classes, counts));
}

}  // namespace

std::string array_samples(const std::filesystem::path& folder, const DatasetManifest& manifest,
                          const SampleView& view) {
  std::string text;
  for (size_t f = 0; f < manifest.fields.size(); ++f)
    if (const StoredField& field = manifest.fields[f]; !field.facts.classes.empty() && field.shape.elements() == 1)
      text.append("\n").append(balance_of(folder, manifest, f));
  if (view.count == 0) return text;
  if (manifest.split(view.split).rows() == 0)
    throw DataError(fmt::format("{}: the dataset has no {} split", folder.string(), name_of(view.split)));
  const FirstRows rows(folder, manifest, view);
  text += fmt::format("\nThe first of {}:\n", name_of(view.split));
  return text + table_of(manifest, rows, view.columns) + pictures_of(manifest, rows, view);
}

}  // namespace convoy
