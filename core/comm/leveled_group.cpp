#include "core/comm/leveled_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/tree_sum.h"

namespace convoy {

LeveledGroup::LeveledGroup(Communicator& ranks) : ranks_(&ranks), levels_(ranks.size()) {}

LeveledGroup::LeveledGroup(Communicator& ranks, const Levels& levels) : ranks_(&ranks), levels_(levels) {
  if (levels.ranks() != ranks.size())
    throw InternalError(fmt::format("levels of {} ranks for a group of {}", levels.ranks(), ranks.size()));
  if (levels.sizes().size() == 1) return;
  int below = 1;  // ranks of all levels below
  for (const int size : levels.sizes()) {
    const int first = ranks.rank() - ranks.rank() / below % size * below;
    std::vector<int> group;
    for (int digit = 0; digit < size; ++digit) group.push_back(first + digit * below);
    parts_.push_back(ranks.group_of(group));
    below *= size;
  }
}

void LeveledGroup::label(int64_t step, std::string_view what) const {
  ranks_->label(step, what);
  for (const auto& part : parts_) part->label(step, what);
}

std::vector<std::unique_ptr<RegisteredMemory>> LeveledGroup::register_memory(void* data, size_t bytes) const {
  std::vector<std::unique_ptr<RegisteredMemory>> registered;
  if (bytes == 0) return registered;
  for (size_t level = 0; level < levels_.sizes().size(); ++level)
    registered.push_back(this->level(level).register_memory(data, bytes));
  return registered;
}

// From the last level to the first: what a level's ranks have lies side by side.
void LeveledGroup::all_gather(Stream& stream, const Tensor& out, const Tensor& in) const {
  Tensor mine = in;
  for (size_t level = levels_.sizes().size(); level-- > 0;) {
    const int64_t gathered = mine.elements() * levels_.sizes()[level];
    const Tensor all = out.range(place() * in.elements() / gathered * gathered, gathered);
    this->level(level).all_gather(stream, all, mine);
    mine = all;
  }
}

void LeveledGroup::tree_sum_host(std::span<double> values) const {
  for (size_t level = 0; level < levels_.sizes().size(); ++level) {
    const auto ranks = static_cast<size_t>(levels_.sizes()[level]);
    std::vector<double> all(ranks * values.size());
    this->level(level).all_gather_host(all.data(), values.data(), values.size_bytes());
    TreeSums sums(values.size());
    for (auto row = all.begin(); row != all.end(); row += static_cast<std::ptrdiff_t>(values.size()))
      sums.add({row, row + static_cast<std::ptrdiff_t>(values.size())});
    std::ranges::copy(sums.sums(), values.begin());
  }
}

}  // namespace convoy
