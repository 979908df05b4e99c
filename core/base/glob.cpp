#include "core/base/glob.h"

#include <fnmatch.h>

#include <algorithm>
#include <numeric>

namespace convoy {

namespace {

// Insertions, deletions and substitutions; what * stands for is free.
int distance(const std::string& pattern, const std::string& name) {
  std::vector<int> last(name.size() + 1), row(name.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (const char letter : pattern) {
    const bool any = letter == '*';
    row[0] = last[0] + (any ? 0 : 1);
    for (size_t j = 1; j <= name.size(); ++j) {
      const int skip = last[j] + (any ? 0 : 1), insert = row[j - 1] + (any ? 0 : 1);
      const int replace = last[j - 1] + (any || letter == '?' || letter == name[j - 1] ? 0 : 1);
      row[j] = std::min({skip, insert, replace});
    }
    last.swap(row);
  }
  return last[name.size()];
}

}  // namespace

bool glob_matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

std::vector<std::string> nearest_matches(const std::string& pattern, const std::vector<std::string>& names,
                                         size_t most) {
  std::vector<std::pair<int, std::string>> ranked;
  for (const std::string& name : names) ranked.emplace_back(distance(pattern, name), name);
  std::ranges::stable_sort(ranked, {}, &std::pair<int, std::string>::first);
  std::vector<std::string> nearest;
  for (size_t i = 0; i < std::min(most, ranked.size()); ++i) nearest.push_back(ranked[i].second);
  return nearest;
}

}  // namespace convoy
