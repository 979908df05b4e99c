#include "datasets/deal_out.h"

#include <algorithm>

namespace convoy {
namespace {

constexpr int64_t kDealtShardBytes = 128 << 20;

}  // namespace

RowDealer::RowDealer(const std::filesystem::path& folder, const std::vector<StoredField>& fields, int64_t block_bytes) {
  int64_t of_all = 0;
  for (const StoredField& field : fields) {
    row_bytes_.push_back(field.row_bytes());
    statistics_.emplace_back(field);
    of_all += row_bytes_.back();
  }
  for (const Split split : kSplits)
    writers_.emplace_back(folder, split, fields, std::max<int64_t>(1, kDealtShardBytes / of_all), block_bytes);
}

void RowDealer::deal(std::span<const std::span<const std::byte>> rows, std::span<const Split> splits) {
  std::vector<std::span<const std::byte>> part(rows.size());
  for (size_t begin = 0, end = 0; begin < splits.size(); begin = end) {
    while (end < splits.size() && splits[end] == splits[begin]) ++end;
    for (size_t f = 0; f < rows.size(); ++f) {
      const auto bytes = static_cast<size_t>(row_bytes_[f]);
      part[f] = rows[f].subspan(begin * bytes, (end - begin) * bytes);
      if (splits[begin] == Split::train) statistics_[f].add(part[f]);
    }
    writers_[static_cast<size_t>(splits[begin])].append(part);
  }
}

void RowDealer::finish(DatasetManifest& manifest) {
  for (size_t split = 0; split < writers_.size(); ++split) manifest.splits[split] = writers_[split].finish();
  for (size_t f = 0; f < statistics_.size(); ++f) statistics_[f].tell(manifest.fields[f]);
}

}  // namespace convoy
