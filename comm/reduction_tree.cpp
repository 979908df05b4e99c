#include "comm/reduction_tree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "core/base/error.h"

namespace convoy {

namespace {

std::vector<int64_t> fitting_rank_counts(int64_t virtual_ranks) {
  const int64_t odd = virtual_ranks >> std::countr_zero(static_cast<uint64_t>(virtual_ranks));
  std::vector<int64_t> counts;
  if (odd > 1) counts.push_back(1);
  for (int64_t ranks = odd; ranks <= virtual_ranks; ranks *= 2) counts.push_back(ranks);
  return counts;
}

}  // namespace

void check_virtual_ranks(int64_t virtual_ranks, int ranks, bool reproducible) {
  if (virtual_ranks < 1)
    throw ConfigError(fmt::format("parallel.virtual_ranks = {}; it must be at least 1, best the number of ranks, {}",
                                  virtual_ranks, ranks));
  if (!reproducible) {
    if (virtual_ranks >= ranks && virtual_ranks % ranks == 0) return;
    throw ConfigError(
        fmt::format("parallel.virtual_ranks = {} is not a multiple of {} ranks; set it to auto", virtual_ranks, ranks));
  }
  const std::vector<int64_t> fitting = fitting_rank_counts(virtual_ranks);
  if (std::find(fitting.begin(), fitting.end(), ranks) != fitting.end()) return;
  throw ConfigError(fmt::format(
      "parallel.virtual_ranks = {} cannot be summed reproducibly by {} ranks, only by {}: with more than one "
      "rank each must own 1, 2, 4, 8, ... virtual ranks. Start as many ranks, or, for a new run, set "
      "parallel.virtual_ranks to {} times a power of two",
      virtual_ranks, ranks, fmt::join(fitting, ", "), ranks));
}

int partial_sums(int64_t leaves) {
  int most = 0;
  for (int64_t added = 1; added < leaves; ++added) most = std::max(most, std::popcount(static_cast<uint64_t>(added)));
  return most;
}

double reproducible_sum(Communicator& communicator, std::span<const double> mine) {
  std::vector<double> all(mine.size() * static_cast<size_t>(communicator.size()));
  communicator.all_gather_host(all.data(), mine.data(), mine.size_bytes());
  return tree_sum(all);
}

}  // namespace convoy
