#include "datasets/table/table_rows.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/base/files.h"

namespace convoy {
namespace {

struct EncodedBlock {
  std::vector<uint32_t> words;
  std::vector<int64_t> class_rows;
  int64_t rows = 0, without_target = 0, missing = 0;
};

class BlockEncoder {
 public:
  BlockEncoder(const TableEncoder& encoder, size_t classes, EncodedBlock& out)
      : encoder_(encoder), has_classes_(classes > 0), out_(out), numbers_(encoder.numbers()), ids_(encoder.ids()) {
    out_.class_rows.resize(std::max<size_t>(classes, 1));
  }

  void add(int64_t line, CsvCells cells) try {
    TableEncoder::Row row{numbers_, ids_};
    const TableEncoder::Use use = encoder_.encode(cells, row);
    if (use == TableEncoder::Use::without_target) {
      ++out_.without_target;
    } else if (use == TableEncoder::Use::missing) {
      ++out_.missing;
    } else {
      append(numbers_.data(), numbers_.size());
      append(ids_.data(), ids_.size());
      has_classes_ ? append(&row.label, 1) : append(&row.number, 1);
      ++out_.rows;
      ++out_.class_rows[static_cast<size_t>(row.label)];
    }
  } catch (const DataError& error) {
    throw DataError(fmt::format("line {}, {}", line, error.what()));
  }

 private:
  template <class Element>
  void append(const Element* elements, size_t count) {
    const size_t before = out_.words.size();
    out_.words.resize(before + count);
    if (count > 0) std::memcpy(out_.words.data() + before, elements, count * sizeof(uint32_t));
  }

  const TableEncoder& encoder_;
  bool has_classes_;
  EncodedBlock& out_;
  std::vector<float> numbers_;
  std::vector<int32_t> ids_;
};

}  // namespace

TableRows write_table_rows(const TableFiles& table, const TableForm& form, const TableEncoder& encoder,
                           const std::filesystem::path& file, const ReadProgress& progress) {
  const size_t classes = form.has_classes() ? form.columns[form.target].categories.size() : 0;
  const auto work = [&](size_t, CsvBlock&& block) {
    EncodedBlock encoded;
    BlockEncoder rows(encoder, classes, encoded);
    read_table_rows(block, table.delimiter, table.header, [&](int64_t line, CsvCells cells) { rows.add(line, cells); });
    return encoded;
  };
  File out = File::create(file);
  TableRows all{.file = file, .numbers = encoder.numbers(), .ids = encoder.ids()};
  all.class_rows.resize(std::max<size_t>(classes, 1));
  for_each_block<EncodedBlock>(table, work, [&](size_t i, EncodedBlock&& block, int64_t bytes) {
    out.write(std::as_bytes(std::span(block.words)));
    const std::optional<Split> split = table.files[i].split;
    all.blocks.push_back({all.rows, block.rows, split, split ? std::vector<int64_t>() : all.class_rows});
    for (size_t c = 0; c < all.class_rows.size() && !split; ++c) all.class_rows[c] += block.class_rows[c];
    all.rows += block.rows;
    all.without_target += block.without_target;
    all.missing += block.missing;
    progress(bytes);
  });
  out.close();
  return all;
}

}  // namespace convoy
