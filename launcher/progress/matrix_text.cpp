#include "launcher/progress/matrix_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/byte_text.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

constexpr size_t kMostRows = 20;
constexpr int kMostColumns = 12;

std::string cell_text(double cell) { return fmt::format("{}", cell); }

// Right justified, by the characters that a person sees.
std::string right(const std::string& text, size_t width) {
  const size_t characters = text_columns(text);
  return std::string(width > characters ? width - characters : 0, ' ') + text;
}

std::string left(const std::string& text, size_t width) {
  const size_t characters = text_columns(text);
  return text + std::string(width > characters ? width - characters : 0, ' ');
}

}  // namespace

std::string matrix_text(std::string_view title, const Matrix& matrix) {
  if (matrix.size() > kMostRows)
    return fmt::format("{}: {} x {}, see metrics.jsonl or the report", title, matrix.size(), matrix.size());
  std::vector<std::string> labels;
  for (const std::string& label : matrix.labels) labels.push_back(fit_columns(readable(label), kMostColumns));
  constexpr std::string_view kCorner = "wanted \\ predicted";
  size_t first = kCorner.size(), width = 1;
  for (const std::string& label : labels)
    first = std::max(first, text_columns(label)), width = std::max(width, text_columns(label));
  for (const double cell : matrix.cells) width = std::max(width, cell_text(cell).size());
  std::string text = fmt::format("{}\n  {}", title, left(std::string(kCorner), first));
  for (const std::string& label : labels) text += "  " + right(label, width);
  for (size_t row = 0; row < matrix.size(); ++row) {
    text += "\n  " + left(labels[row], first);
    for (size_t column = 0; column < matrix.size(); ++column)
      text += "  " + right(cell_text(matrix.at(row, column)), width);
  }
  return text;
}

}  // namespace convoy
