#include "launcher/progress/final_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/byte_text.h"
#include "launcher/progress/matrix_text.h"
#include "launcher/progress/progress_text.h"
#include "launcher/report/chart_numbers.h"

namespace convoy {
namespace {

struct Line {
  std::string name;
  std::vector<std::string> values;  // of each split
};

std::vector<Line> lines_of(const FinalMetrics& metrics) {
  std::vector<Line> lines{{"", {}}, {metrics.splits.front().second.unit, {}}, {"loss", {}}};
  for (const auto& [name, value] : metrics.splits.front().second.metrics) lines.push_back({readable(name), {}});
  for (const auto& [split, evaluation] : metrics.splits) {
    lines[0].values.push_back(split);
    lines[1].values.push_back(fmt::format("{}", evaluation.tokens));
    lines[2].values.push_back(fixed_text(evaluation.loss, 4));
    for (size_t i = 0; i < evaluation.metrics.size(); ++i)
      lines[3 + i].values.push_back(fixed_text(evaluation.metrics[i].second, 4));
  }
  return lines;
}

}  // namespace

std::string final_table(const FinalMetrics& metrics) {
  if (metrics.splits.empty()) return "";
  std::string text = fmt::format("with the {} weights, of step {}",
                                 metrics.weights_step == metrics.step ? "last" : "best", metrics.weights_step);
  const std::vector<Line> lines = lines_of(metrics);
  size_t name_width = 0;
  for (const Line& line : lines) name_width = std::max(name_width, text_columns(line.name));
  for (const Line& line : lines) {
    text += "\n  " + line.name + std::string(name_width - text_columns(line.name), ' ');
    for (const std::string& value : line.values) text += fmt::format("  {:>12}", value);
  }
  for (const auto& [split, evaluation] : metrics.splits)
    for (const auto& [name, matrix] : evaluation.matrices)
      text += "\n" + matrix_text(fmt::format("{}, {}", name, split), matrix);
  return text;
}

}  // namespace convoy
