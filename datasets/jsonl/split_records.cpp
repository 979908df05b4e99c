#include "datasets/jsonl/split_records.h"

#include <cmath>
#include <optional>

#include "core/base/philox.h"

namespace convoy {
namespace {

int64_t first_of(int64_t stretch, double fraction) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(stretch) / fraction));
}

// The number of the stretch, if i is the one that is drawn from it. draw: which of several such drawings this is.
std::optional<int64_t> drawn(int64_t i, double fraction, uint64_t seed, uint32_t draw) {
  if (fraction <= 0) return std::nullopt;
  auto stretch = static_cast<int64_t>(std::floor(static_cast<double>(i) * fraction));
  while (first_of(stretch + 1, fraction) <= i) ++stretch;
  while (first_of(stretch, fraction) > i) --stretch;
  const int64_t first = first_of(stretch, fraction), count = first_of(stretch + 1, fraction) - first;
  const auto place = static_cast<uint64_t>(stretch);
  const auto bits = philox(philox_key(seed), {0, random_stream(RandomSite::data_order, draw),
                                              static_cast<uint32_t>(place), static_cast<uint32_t>(place >> 32)});
  const uint64_t random = uint64_t{bits[0]} << 32 | bits[1];
  if (i != first + static_cast<int64_t>(random % static_cast<uint64_t>(count))) return std::nullopt;
  return stretch;
}

}  // namespace

Split SplitRecords::operator()(int64_t record) const {
  constexpr uint32_t kKeptBack = 1, kTested = 2;
  const double kept_back = fractions_.validation + fractions_.test;
  const auto number = drawn(record, kept_back, seed_, kKeptBack);
  if (!number) return Split::train;
  return drawn(*number, fractions_.test / kept_back, seed_, kTested) ? Split::test : Split::validation;
}

}  // namespace convoy
