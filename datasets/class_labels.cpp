#include "datasets/class_labels.h"

#include <fmt/format.h>

#include <set>

#include "core/base/error.h"

namespace convoy {

std::vector<std::string> parse_class_names(const std::string& text) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    if (names.back().empty() || !seen.insert(names.back()).second)
      throw ConfigError(fmt::format("--classes {}: name {} is {}; wanted names with commas between, each another", text,
                                    names.size(), names.back().empty() ? "empty" : "there twice"));
    begin = end + 1;
  }
  return names;
}

std::vector<std::string> numbered_classes(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(fmt::format("{}", i));
  return names;
}

void count_labels(std::span<const int32_t> labels, std::span<const Split> splits, std::vector<SplitCounts>& counts) {
  for (size_t i = 0; i < labels.size(); ++i) ++counts[static_cast<size_t>(labels[i])][static_cast<size_t>(splits[i])];
}

}  // namespace convoy
