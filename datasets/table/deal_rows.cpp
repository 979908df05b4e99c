#include "datasets/table/deal_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <span>
#include <utility>

#include "datasets/array_shard_writer.h"
#include "datasets/files/mapped_file.h"
#include "datasets/ordered_pipe.h"
#include "datasets/table/column_statistics.h"
#include "datasets/table/median.h"

namespace convoy {
namespace {

constexpr int64_t kShardBytes = 128 << 20;  // of a file

// The rows' file, block by block.
class MappedRows {
 public:
  explicit MappedRows(const TableRows& rows) : rows_(rows), file_(rows.file) {}

  // The file is mapped at a page, so that its words are aligned.
  const uint32_t* words(int64_t row) const {
    return reinterpret_cast<const uint32_t*>(file_.bytes().data()) + static_cast<size_t>(row) * rows_.words();
  }
  std::span<const float> numbers(int64_t row) const {
    return {reinterpret_cast<const float*>(words(row)), rows_.numbers};
  }

  // work(block) on several threads, take(its result) in order.
  template <class Result>
  void for_each(int threads, const std::function<Result(const RowBlock&)>& work,
                const std::function<void(Result&&)>& take) const {
    size_t next = 0;
    OrderedPipe<const RowBlock*, Result> pipe(
        threads,
        [&](const RowBlock*& block) {
          if (next == rows_.blocks.size()) return false;
          block = &rows_.blocks[next++];
          return true;
        },
        [&](const RowBlock*&& block) { return work(*block); });
    while (std::optional<Result> made = pipe.take()) take(std::move(*made));
  }

 private:
  const TableRows& rows_;
  MappedFile file_;
};

constexpr auto kTrain = static_cast<uint8_t>(Split::train);

// Sums of what is there of each element, in the training rows of a block.
struct Sums {
  std::vector<double> sums;
  std::vector<int64_t> counts;
};

std::vector<double> means_of(const MappedRows& mapped, const TableRows& rows, const DealtRows& dealt, int threads) {
  Sums all{std::vector<double>(rows.numbers), std::vector<int64_t>(rows.numbers)};
  mapped.for_each<Sums>(
      threads,
      [&](const RowBlock& block) {
        Sums here{std::vector<double>(rows.numbers), std::vector<int64_t>(rows.numbers)};
        for (int64_t row = block.first; row < block.first + block.rows; ++row) {
          if (dealt.splits[static_cast<size_t>(row)] != kTrain) continue;
          const std::span<const float> x = mapped.numbers(row);
          for (size_t i = 0; i < x.size(); ++i)
            if (!std::isnan(x[i])) here.sums[i] += static_cast<double>(x[i]), ++here.counts[i];
        }
        return here;
      },
      [&](Sums&& here) {
        for (size_t i = 0; i < rows.numbers; ++i) all.sums[i] += here.sums[i], all.counts[i] += here.counts[i];
      });
  for (size_t i = 0; i < rows.numbers; ++i) all.sums[i] /= static_cast<double>(all.counts[i]);
  return std::move(all.sums);
}

double median_of(const MappedRows& mapped, const DealtRows& dealt, size_t element) {
  return median([&](const std::function<void(float)>& visit) {
    for (size_t row = 0; row < dealt.splits.size(); ++row)
      if (dealt.splits[row] == kTrain)
        if (const float value = mapped.numbers(static_cast<int64_t>(row))[element]; !std::isnan(value)) visit(value);
  });
}

// A block's rows by split and field, as shards have them.
struct DealtBlock {
  std::array<std::vector<std::vector<std::byte>>, kSplits.size()> bytes;
  StatisticsOfColumns statistics;
  int64_t row_bytes = 0;
};

class BlockDealer {
 public:
  BlockDealer(const TableRows& rows, const TableEncoder& encoder, const std::vector<double>& fills,
              const DatasetManifest& manifest)
      : rows_(rows),
        encoder_(encoder),
        fills_(fills),
        fields_(manifest.fields),
        y_is_number_(fields_.back().type == StoredType::f32),
        row_(encoder.x() + 1),
        categories_(encoder.categories()) {}

  DealtBlock deal(const MappedRows& mapped, const DealtRows& dealt, const RowBlock& block) {
    DealtBlock out{{}, StatisticsOfColumns(row_.size()), block.rows * static_cast<int64_t>(4 * rows_.words())};
    reserve(dealt, block, out);
    std::vector<float> numbers(rows_.numbers);
    for (int64_t i = block.first; i < block.first + block.rows; ++i) {
      const uint32_t* words = mapped.words(i);
      std::copy_n(mapped.numbers(i).begin(), numbers.size(), numbers.begin());
      for (size_t k = 0; k < numbers.size(); ++k)
        if (std::isnan(numbers[k])) numbers[k] = static_cast<float>(fills_[k]);
      encoder_.expand(numbers.data(), reinterpret_cast<const int32_t*>(words + rows_.numbers), row_.data(),
                      categories_.data());
      std::memcpy(&row_.back(), words + rows_.words() - 1, sizeof(float));
      const uint8_t split = dealt.splits[static_cast<size_t>(i)];
      append_row(out.bytes[split]);
      if (!y_is_number_) row_.back() = 0;
      if (split == kTrain) out.statistics.add(row_);
    }
    return out;
  }

 private:
  void reserve(const DealtRows& dealt, const RowBlock& block, DealtBlock& out) const {
    std::array<size_t, kSplits.size()> rows{};
    for (int64_t i = block.first; i < block.first + block.rows; ++i) ++rows[dealt.splits[static_cast<size_t>(i)]];
    for (size_t split = 0; split < kSplits.size(); ++split) {
      out.bytes[split].resize(fields_.size());
      for (size_t i = 0; i < fields_.size(); ++i)
        out.bytes[split][i].reserve(rows[split] * static_cast<size_t>(fields_[i].row_bytes()));
    }
  }
  void append_row(std::vector<std::vector<std::byte>>& fields) const {
    size_t field = 0;
    if (row_.size() > 1) append(fields[field++], row_.data(), row_.size() - 1);
    if (!categories_.empty()) append(fields[field++], categories_.data(), categories_.size());
    append(fields[field], &row_.back(), 1);
  }
  template <class Element>
  static void append(std::vector<std::byte>& bytes, const Element* elements, size_t count) {
    const auto* begin = reinterpret_cast<const std::byte*>(elements);
    bytes.insert(bytes.end(), begin, begin + count * sizeof(Element));
  }

  const TableRows& rows_;
  const TableEncoder& encoder_;
  const std::vector<double>& fills_;
  const std::vector<StoredField>& fields_;
  bool y_is_number_;
  std::vector<float> row_;  // x, then y
  std::vector<int32_t> categories_;
};

int64_t rows_of(const DealtRows& dealt, Split split) {
  int64_t rows = 0;
  for (const SplitCounts& of_class : dealt.counts) rows += of_class[static_cast<size_t>(split)];
  return rows;
}

void tell_statistics(const StatisticsOfColumns& statistics, std::vector<StoredField>& fields) {
  if (statistics.rows() == 0) return;
  for (StoredField& field : fields) {
    if (field.type != StoredType::f32) continue;
    const size_t first = &field == &fields.back() ? statistics.columns() - 1 : 0;
    for (size_t i = 0; i < field.facts.columns.size(); ++i)
      field.facts.columns[i].statistics = statistics.of(first + i);
  }
}

}  // namespace

DealtRows deal_rows(const TableRows& rows, const TableForm& form, const SplitFractions& fractions, uint64_t seed,
                    int threads) {
  const MappedRows mapped(rows);
  const SplitSamples split(rows.class_rows, fractions, seed);
  DealtRows dealt{std::vector<uint8_t>(static_cast<size_t>(rows.rows)), split.counts()};
  const bool has_classes = form.has_classes();
  struct None {};
  const auto class_of = [&](int64_t row) {
    return has_classes ? static_cast<size_t>(mapped.words(row)[rows.words() - 1]) : size_t{0};
  };
  mapped.for_each<None>(
      threads,
      [&](const RowBlock& block) {
        std::vector<int64_t> seen = block.of_classes;
        for (int64_t row = block.first; row < block.first + block.rows; ++row) {
          const size_t c = block.split ? 0 : class_of(row);
          dealt.splits[static_cast<size_t>(row)] =
              static_cast<uint8_t>(block.split ? *block.split : split(static_cast<int64_t>(c), seen[c]++));
        }
        return None{};
      },
      [](None&&) {});
  for (const RowBlock& block : rows.blocks)
    for (int64_t row = block.first; block.split && row < block.first + block.rows; ++row)
      ++dealt.counts[class_of(row)][static_cast<size_t>(*block.split)];
  return dealt;
}

std::vector<double> find_fills(const TableRows& rows, const DealtRows& dealt, MissingRule rule, int threads) {
  const MappedRows mapped(rows);
  std::vector<double> fills = means_of(mapped, rows, dealt, threads);
  if (rule == MissingRule::median)
    for (size_t i = 0; i < fills.size(); ++i) fills[i] = median_of(mapped, dealt, i);
  return fills;
}

void write_splits(const std::filesystem::path& folder, const TableRows& rows, const DealtRows& dealt,
                  const TableEncoder& encoder, const std::vector<double>& fills, DatasetManifest& manifest, int threads,
                  const ReadProgress& progress) {
  std::vector<ArrayShardWriter> writers;
  for (const Split split : kSplits)
    writers.emplace_back(folder, split, manifest.fields, std::max<int64_t>(1, kShardBytes / manifest.row_bytes()),
                         manifest.block_bytes, rows_of(dealt, split));
  const MappedRows mapped(rows);
  StatisticsOfColumns statistics(encoder.x() + 1);
  mapped.for_each<DealtBlock>(
      threads,
      [&](const RowBlock& block) { return BlockDealer(rows, encoder, fills, manifest).deal(mapped, dealt, block); },
      [&](DealtBlock&& block) {
        for (const Split split : kSplits) {
          const auto& fields = block.bytes[static_cast<size_t>(split)];
          const std::vector<std::span<const std::byte>> spans(fields.begin(), fields.end());
          if (!spans.front().empty()) writers[static_cast<size_t>(split)].append(spans);
        }
        statistics.add(block.statistics);
        progress(block.row_bytes);
      });
  for (const Split split : kSplits) manifest.split(split) = writers[static_cast<size_t>(split)].finish();
  tell_statistics(statistics, manifest.fields);
}

}  // namespace convoy
