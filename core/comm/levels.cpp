#include "core/comm/levels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <utility>

#include "core/base/error.h"

namespace convoy {

namespace {

constexpr int kMost = 4;  // ranks at a level: 3 messages for 2 bits of a rank's number, where 2 and 8 need 4 and 14 / 3

bool is_power_of_two(int number) { return number > 0 && std::has_single_bit(static_cast<unsigned>(number)); }

void add_powers_of_two(std::vector<int>& sizes, int ranks) {
  for (; ranks > 1; ranks /= sizes.back()) sizes.push_back(std::min(ranks, kMost));
}

}  // namespace

Levels::Levels(std::vector<int> sizes) : sizes_(std::move(sizes)) {
  const bool fits =
      !sizes_.empty() && sizes_.back() > 0 && std::all_of(sizes_.begin(), sizes_.end() - 1, is_power_of_two);
  if (!fits) throw InternalError(fmt::format("levels of {} ranks", fmt::join(sizes_, ", ")));
}

int Levels::ranks() const { return std::accumulate(sizes_.begin(), sizes_.end(), 1, std::multiplies<>()); }

int Levels::place_of(int rank) const {
  int place = 0;
  for (const int size : sizes_) {
    place = place * size + rank % size;
    rank /= size;
  }
  return place;
}

Levels levels_of(int ranks, int node_ranks) {
  const int shared = std::gcd(ranks, node_ranks);
  const int node = shared & -shared;  // the largest power of two in it
  const int others = ranks / node, between = others & -others;
  std::vector<int> sizes;
  add_powers_of_two(sizes, node);
  add_powers_of_two(sizes, between);
  if (sizes.empty() || others > between) sizes.push_back(others / between);
  return Levels(std::move(sizes));
}

}  // namespace convoy
