#include "datasets/table/split_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "datasets/block_checksums.h"

namespace convoy {
namespace {

// The n-th of equal rows has a rank of its own.
uint64_t rank_of(uint64_t content, uint64_t n) {
  const std::array key{content, n, uint64_t{0x5eed}};
  return xxh3_64(std::as_bytes(std::span(key)));
}

std::vector<std::pair<uint64_t, size_t>> ranked_rows(const std::vector<uint64_t>& contents) {
  std::vector<std::pair<uint64_t, size_t>> rows(contents.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = {contents[i], i};
  std::sort(rows.begin(), rows.end());
  for (size_t i = 0; i < rows.size();) {
    const uint64_t content = rows[i].first;
    for (uint64_t n = 0; i < rows.size() && rows[i].first == content; ++i) rows[i].first = rank_of(content, n++);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

std::vector<Split> split_rows(const std::vector<uint64_t>& contents, double validation, double test) {
  const auto share = [&](double fraction) {
    return static_cast<size_t>(std::llround(fraction * static_cast<double>(contents.size())));
  };
  const size_t of_test = share(test), of_both = std::min(of_test + share(validation), contents.size());
  std::vector<Split> splits(contents.size(), Split::train);
  if (of_both == 0) return splits;
  const auto rows = ranked_rows(contents);
  for (size_t i = 0; i < of_both; ++i) splits[rows[i].second] = i < of_test ? Split::test : Split::validation;
  return splits;
}

}  // namespace convoy
