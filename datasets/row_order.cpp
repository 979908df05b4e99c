#include "datasets/row_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/integers.h"
#include "datasets/keyed_permutation.h"

namespace convoy {
namespace {

// The rows of each window are permuted by a key of its own.
uint64_t seed_of_window(uint64_t seed, int64_t window) {
  return seed ^ (static_cast<uint64_t>(window) + 1) * 0x9e3779b97f4a7c15u;
}

size_t place_in(const std::vector<int64_t>& first, int64_t index) {
  return static_cast<size_t>(std::upper_bound(first.begin(), first.end(), index) - first.begin()) - 1;
}

}  // namespace

RowOrder::RowOrder(std::vector<int64_t> block_rows, int64_t window_rows, uint64_t seed) : first_{0}, seed_(seed) {
  int64_t largest = 1;
  for (const int64_t rows : block_rows) {
    first_.push_back(first_.back() + rows);
    largest = std::max(largest, rows);
  }
  if (window_rows > 0 && window_rows < rows()) window_blocks_ = std::max<int64_t>(1, window_rows / largest);
}

int64_t RowOrder::windows() const { return ceil_div(blocks(), window_blocks_); }

std::shared_ptr<const RowOrder::Epoch> RowOrder::epoch(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  for (const auto& known : {last_, before_})
    if (known && known->number == number) return known;
  auto made = std::make_shared<Epoch>(Epoch{number, {}, {0}});
  const KeyedPermutation permutation(seed_, number, blocks());
  for (int64_t i = 0; i < blocks(); ++i) {
    made->blocks.push_back(permutation(i));
    made->first.push_back(made->first.back() + rows_of(made->blocks.back()));
  }
  before_ = std::exchange(last_, std::move(made));
  return last_;
}

int64_t RowOrder::operator[](int64_t sample) const {
  const int64_t index = sample % rows();
  const auto number = static_cast<uint64_t>(sample / rows());
  if (!has_windows()) return KeyedPermutation(seed_, number, rows())(index);
  const auto of = epoch(number);
  const int64_t window = static_cast<int64_t>(place_in(of->first, index)) / window_blocks_;
  const auto begin = static_cast<size_t>(window * window_blocks_),
             end = static_cast<size_t>(std::min(blocks(), (window + 1) * window_blocks_));
  const int64_t first = of->first[begin], rows_here = of->first[end] - first;
  const int64_t permuted = first + KeyedPermutation(seed_of_window(seed_, window), number, rows_here)(index - first);
  const size_t place = place_in(of->first, permuted);
  return first_row(of->blocks[place]) + permuted - of->first[place];
}

void RowOrder::rows_of_samples(int64_t first, std::span<int64_t> out) const {
  if (has_windows()) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = (*this)[first + static_cast<int64_t>(i)];
    return;
  }
  while (!out.empty()) {
    const int64_t index = first % rows();
    const auto here = out.first(std::min(out.size(), static_cast<size_t>(rows() - index)));  // of one epoch
    std::iota(here.begin(), here.end(), index);
    KeyedPermutation(seed_, static_cast<uint64_t>(first / rows()), rows()).permute(here);
    first += static_cast<int64_t>(here.size());
    out = out.subspan(here.size());
  }
}

int64_t RowOrder::window_of(int64_t sample) const {
  const auto of = epoch(static_cast<uint64_t>(sample / rows()));
  return sample / rows() * windows() + static_cast<int64_t>(place_in(of->first, sample % rows())) / window_blocks_;
}

std::vector<int64_t> RowOrder::blocks_of(int64_t window) const {
  const auto of = epoch(static_cast<uint64_t>(window / windows()));
  const int64_t begin = window % windows() * window_blocks_, end = std::min(blocks(), begin + window_blocks_);
  return {of->blocks.begin() + begin, of->blocks.begin() + end};
}

}  // namespace convoy
