#include "launcher/report/chart_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/base/byte_text.h"

namespace convoy {
namespace {

// Sums of neighbouring values that can be drawn, from a binary tree of sums: differences of running sums would lose
// everything that follows a spike of 1e30.
class RangeSums {
 public:
  explicit RangeSums(const std::vector<double>& values) : leaves_(values.size()), nodes_(2 * leaves_) {
    for (size_t i = 0; i < leaves_; ++i) nodes_[leaves_ + i] = drawable(values[i]) ? values[i] : 0;
    for (size_t i = leaves_; i-- > 1;) nodes_[i] = nodes_[2 * i] + nodes_[2 * i + 1];
  }
  double of(size_t begin, size_t end) const {
    double sum = 0;
    for (begin += leaves_, end += leaves_; begin < end; begin /= 2, end /= 2) {
      if (begin % 2 == 1) sum += nodes_[begin++];
      if (end % 2 == 1) sum += nodes_[--end];
    }
    return sum;
  }

 private:
  size_t leaves_;
  std::vector<double> nodes_;
};

}  // namespace

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

std::string fixed_text(double value, int digits) {
  return std::abs(value) < 1e7 ? fmt::format("{:.{}f}", value, digits) : fmt::format("{:.4g}", value);
}

bool drawable(double value) { return std::abs(value) <= 1e300; }

bool apart(double low, double high) {
  const double size = std::max(std::abs(low), std::abs(high));
  return high - low > std::max(size * 1e-12, 1e-290);
}

std::vector<double> nice_ticks(double low, double high, int count) {
  if (!drawable(low) || !drawable(high) || !apart(low, high)) return {};
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
  const RangeSums sums(y);
  std::vector<size_t> counts(y.size() + 1, 0);
  for (size_t i = 0; i < y.size(); ++i) counts[i + 1] = counts[i] + (drawable(y[i]) ? 1 : 0);
  std::vector<double> means(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    // Near the ends the window shrinks alike on both sides, so that a steep start is not flattened, but not to a few
    // points, so that the ends are no noisier than they must be.
    const size_t half = std::max(std::min({width / 2, i, y.size() - 1 - i}), width / 8);
    const size_t begin = i - std::min(half, i), end = std::min(i + half + 1, y.size()),
                 count = counts[end] - counts[begin];
    means[i] = count > 0 ? sums.of(begin, end) / double(count) : std::numeric_limits<double>::quiet_NaN();
  }
  return means;
}

}  // namespace convoy
