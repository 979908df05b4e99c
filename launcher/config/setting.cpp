#include "launcher/config/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/base/error.h"

namespace convoy {

std::string Place::text() const { return line == 0 ? source : fmt::format("{}:{}:{}", source, line, column); }

void throw_if_any(std::vector<Mistake> mistakes) {
  if (mistakes.empty()) return;
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.place.source, a.place.line, a.place.column) <
           std::tie(b.place.source, b.place.line, b.place.column);
  });
  std::string all;
  if (mistakes.size() > 1) all = fmt::format("{} mistakes in the configuration\n", mistakes.size());
  for (const Mistake& mistake : mistakes)
    all += fmt::format("{}{}: {}\n", mistakes.size() > 1 ? "  " : "", mistake.place.text(), mistake.message);
  all.pop_back();
  throw ConfigError(all);
}

}  // namespace convoy
