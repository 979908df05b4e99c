#include "core/checkpoint/save_ranks.h"

#include <fmt/format.h>

#include <algorithm>

namespace convoy {

SaveRanks::SaveRanks(Communicator& all, int ranks_per_file) : all_(all), ranks_per_file_(ranks_per_file) {
  std::vector<int> neighbours, alike;
  for (int rank = file() * ranks_per_file; rank < std::min((file() + 1) * ranks_per_file, all.size()); ++rank)
    neighbours.push_back(rank);
  for (int rank = all.rank() % ranks_per_file; rank < all.size(); rank += ranks_per_file) alike.push_back(rank);
  of_file_ = all.group_of(neighbours);
  alike_ = all.group_of(alike);
}

namespace {

constexpr int64_t kNone = INT64_MAX;

template <class Value>
std::vector<Value> gather_rows(Communicator& group, const std::vector<Value>& mine) {
  std::vector<Value> all(mine.size() * static_cast<size_t>(group.size()));
  group.all_gather_host(all.data(), mine.data(), mine.size() * sizeof(Value));
  return all;
}

std::vector<uint64_t> column_sums(const std::vector<uint64_t>& rows, size_t columns) {
  std::vector<uint64_t> sums(columns);
  for (size_t i = 0; i < rows.size(); ++i) sums[i % columns] += rows[i];
  return sums;
}

}  // namespace

// What the first of the group that failed has to say.
std::string SaveRanks::first_failure(Communicator& group, std::span<const int64_t> failed,
                                     const std::string& mine) const {
  const auto first = std::ranges::min_element(failed);
  return *first == kNone ? std::string() : group.broadcast_text(mine, static_cast<int>(first - failed.begin()));
}

SaveRanks::Gathered SaveRanks::gather(std::span<const uint64_t> values, int64_t note,
                                      const std::string& failure) const {
  const std::string named =
      failure.empty() || all_.size() == 1 ? failure : fmt::format("rank {}: {}", all_.rank(), failure);
  std::vector<uint64_t> sums(values.begin(), values.end());
  sums.push_back(0);  // never empty
  std::vector<int64_t> failed = gather_rows<int64_t>(*of_file_, {failure.empty() ? kNone : all_.rank()});
  std::vector<int64_t> notes = gather_rows<int64_t>(*of_file_, {note});
  std::string told = first_failure(*of_file_, failed, named);
  sums = column_sums(gather_rows(*of_file_, sums), sums.size());
  if (first_of_file()) {
    const int64_t lowest = *std::ranges::min_element(failed);
    failed = gather_rows<int64_t>(*alike_, {lowest});
    notes.resize(static_cast<size_t>(ranks_per_file_));  // the last file may have fewer
    notes = gather_rows(*alike_, notes);
    told = first_failure(*alike_, failed, told);
    sums = column_sums(gather_rows(*alike_, sums), sums.size());
  }
  notes.resize(std::min(notes.size(), static_cast<size_t>(all_.size())));
  sums.pop_back();
  return {std::move(sums), std::move(notes), std::move(told)};
}

}  // namespace convoy
