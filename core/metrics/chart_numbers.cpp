#include "core/metrics/chart_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/base/byte_text.h"

namespace convoy {

std::string short_number(double value) {
  const double size = std::abs(value);
  for (const auto& [unit, letter] :
       {std::pair(1e12, 'T'), std::pair(1e9, 'G'), std::pair(1e6, 'M'), std::pair(1e3, 'k')})
    if (size >= unit * 0.9999 && (unit > 1e3 || size >= 1e4)) return fmt::format("{:.4g}{}", value / unit, letter);
  return fmt::format("{:.4g}", value);
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : readable(text)) switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

std::vector<double> nice_ticks(double low, double high, int count) {
  const double raw = (high - low) / std::max(count, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double share = raw / power;
  const double step = power * (share <= 1.5 ? 1 : share <= 3.5 ? 2 : share <= 7.5 ? 5 : 10);
  std::vector<double> ticks;
  // From an integer each time: adding up steps would gather rounding errors.
  for (auto i = static_cast<int64_t>(std::ceil(low / step - 1e-9)); double(i) * step <= high + step * 1e-9; ++i)
    ticks.push_back(double(i) * step);
  return ticks;
}

std::vector<double> moving_mean(const std::vector<double>& y, size_t width) {
  std::vector<double> sums(y.size() + 1, 0.0);
  std::vector<size_t> counts(y.size() + 1, 0);
  for (size_t i = 0; i < y.size(); ++i) {
    const bool finite = std::isfinite(y[i]);
    sums[i + 1] = sums[i] + (finite ? y[i] : 0);
    counts[i + 1] = counts[i] + (finite ? 1 : 0);
  }
  std::vector<double> means(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    // Near the ends the window shrinks alike on both sides, so that a steep start is not flattened, but not to a few
    // points, so that the ends are no noisier than they must be.
    const size_t half = std::max(std::min({width / 2, i, y.size() - 1 - i}), width / 8);
    const size_t begin = i - std::min(half, i), end = std::min(i + half + 1, y.size()),
                 count = counts[end] - counts[begin];
    means[i] = count > 0 ? (sums[end] - sums[begin]) / double(count) : std::numeric_limits<double>::quiet_NaN();
  }
  return means;
}

}  // namespace convoy
