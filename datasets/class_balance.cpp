#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "datasets/grouped_number.h"
#include "datasets/split_samples.h"

namespace convoy {
namespace {

constexpr size_t kClassesShown = 20, kClassesNamed = 5;

int64_t samples_of(const SplitCounts& counts) { return std::accumulate(counts.begin(), counts.end(), int64_t{0}); }

int64_t samples_in(const std::vector<SplitCounts>& counts, Split split) {
  int64_t sum = 0;
  for (const SplitCounts& of_class : counts) sum += of_class[static_cast<size_t>(split)];
  return sum;
}

std::string shown_class(const std::string& name) { return name.size() <= 40 ? name : name.substr(0, 37) + "..."; }

// In order if all have room, else the first half and the rarest.
std::vector<size_t> classes_to_show(const std::vector<SplitCounts>& counts) {
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.size() <= kClassesShown) return order;
  const auto rest = order.begin() + kClassesShown / 2;
  std::stable_sort(rest, order.end(),
                   [&](size_t a, size_t b) { return samples_of(counts[a]) < samples_of(counts[b]); });
  order.resize(kClassesShown);
  std::sort(rest, order.end());
  return order;
}

}  // namespace

std::string class_balance(const std::vector<std::string>& classes, const std::vector<SplitCounts>& counts) {
  size_t width = 5;
  const std::vector<size_t> shown = classes_to_show(counts);
  for (const size_t c : shown) width = std::max(width, shown_class(classes[c]).size());
  const int64_t all =
      samples_in(counts, Split::train) + samples_in(counts, Split::validation) + samples_in(counts, Split::test);
  std::string text =
      fmt::format("{:<{}} {:>12} {:>12} {:>12} {:>8}\n", "class", width, "train", "validation", "test", "share");
  for (const size_t c : shown)
    text += fmt::format("{:<{}} {:>12} {:>12} {:>12} {:>7.1f}%\n", shown_class(classes[c]), width,
                        grouped(counts[c][0]), grouped(counts[c][1]), grouped(counts[c][2]),
                        all == 0 ? 0.0 : 100.0 * static_cast<double>(samples_of(counts[c])) / static_cast<double>(all));
  if (shown.size() < counts.size())
    text += fmt::format("{} classes in all; shown are the first and the rarest\n",
                        grouped(static_cast<int64_t>(counts.size())));
  return text;
}

std::vector<std::string> notes_on_classes(const std::vector<std::string>& classes,
                                          const std::vector<SplitCounts>& counts) {
  std::vector<std::string> notes;
  for (const Split split : kSplits) {
    if (samples_in(counts, split) == 0) continue;
    std::vector<std::string> without;
    for (size_t c = 0; c < counts.size(); ++c)
      if (counts[c][static_cast<size_t>(split)] == 0)
        without.push_back(fmt::format("\"{}\" ({})", shown_class(classes[c]), grouped(samples_of(counts[c]))));
    if (without.empty()) continue;
    const size_t more = without.size() - std::min(without.size(), kClassesNamed);
    without.resize(without.size() - more);
    notes.push_back(fmt::format("the {} split has no sample of class {}{}: {}", name_of(split),
                                fmt::join(without, ", "), more == 0 ? "" : fmt::format(" and {} more", more),
                                split == Split::train
                                    ? "a model cannot learn them"
                                    : "in brackets are the samples that there are; of so few none was "
                                      "kept back, a larger share keeps more"));
  }
  return notes;
}

}  // namespace convoy
