#include "launcher/report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "launcher/report/chart_numbers.h"

namespace convoy {
namespace {

constexpr double kLeft = 64, kRight = 20, kTop = 52, kBottom = 46;  // margins around the plot

constexpr std::string_view kStyle = R"(<style>
.cv{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;--bg:#fff;--ink:#1b2430;--dim:#667085;--grid:#e8ebf0;--a:#2563eb;--b:#0d9488;--c:#ea580c}
@media (prefers-color-scheme:dark){.cv{--bg:#12171f;--ink:#e6eaf0;--dim:#93a0b4;--grid:#232b37;--a:#6ea8fe;--b:#2dd4bf;--c:#fb923c}}
.cv text{fill:var(--dim)}.cv .title{fill:var(--ink);font-weight:600;font-size:15px}.cv .grid{stroke:var(--grid)}
.cv .line,.cv .line2,.cv .faint{fill:none;stroke-linejoin:round;stroke-linecap:round}
.cv .line{stroke:var(--a);stroke-width:2.2}.cv .line2{stroke:var(--b);stroke-width:2}.cv .faint{stroke:var(--a);stroke-width:1;opacity:.32}
.cv .points{fill:none;stroke:var(--c);stroke-width:2}.cv circle{fill:var(--c);stroke:var(--bg);stroke-width:1.5}
</style>
)";

std::string_view class_of(SeriesStyle style) {
  switch (style) {
    case SeriesStyle::faint:
      return "faint";
    case SeriesStyle::line:
      return "line";
    case SeriesStyle::line2:
      return "line2";
    case SeriesStyle::points:
      return "points";
  }
  return "line";
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (!drawable(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
  // Never of zero width, so that it can be divided by.
  Range widened(double share) const {
    if (empty()) return {0, 1};
    const double size = std::max(std::abs(low), std::abs(high));
    const double pad = apart(low, high) ? (high - low) * share : std::max(size * 0.1, 1e-12);
    return {low - pad, high + pad};
  }
};

// From values to pixels.
struct Frame {
  Range x, y;
  double width = 0, height = 0;

  double left(double value) const { return kLeft + share(value, x) * (width - kLeft - kRight); }
  double top(double value) const { return height - kBottom - share(value, y) * (height - kTop - kBottom); }

 private:
  // What lies outside (below zero, in a chart from zero) stays within numbers that SVG can say.
  static double share(double value, const Range& range) {
    return std::clamp((value - range.low) / (range.high - range.low), -100.0, 100.0);
  }
};

Frame frame_of(const Chart& chart) {
  Range x, y;
  for (const ChartSeries& series : chart.series) {
    for (const double value : series.x) x.add(value);
    for (const double value : series.y) y.add(value);
  }
  Frame frame{x.widened(0), y.widened(0.05), double(chart.width), double(chart.height)};
  if (chart.y_from_zero) frame.y.low = 0;
  if (!apart(frame.y.low, frame.y.high)) frame.y.high = frame.y.low + 1;
  return frame;
}

std::string grid(const Chart& chart, const Frame& frame) {
  std::string svg;
  for (const double tick : nice_ticks(frame.y.low, frame.y.high, 6)) {
    svg += fmt::format("<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n", kLeft,
                       frame.width - kRight, frame.top(tick), frame.top(tick));
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 8,
                       frame.top(tick) + 4.5, short_number(tick));
  }
  for (const double tick : nice_ticks(frame.x.low, frame.x.high, chart.width / 110))
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", frame.left(tick),
                       frame.height - kBottom + 19, short_number(tick));
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", frame.width - kRight,
                     frame.height - 7, escape_html(chart.x_label));
  return svg;
}

// Indices worth drawing: of each pixel column the lowest and the highest point, so that spikes stay.
std::vector<size_t> visible_points(const ChartSeries& series, const Frame& frame) {
  std::vector<size_t> indices;
  const auto column = [&](size_t i) { return std::floor(frame.left(series.x[i])); };
  for (size_t begin = 0; begin < series.x.size();) {
    size_t end = begin + 1;
    while (end < series.x.size() && column(end) == column(begin)) ++end;
    const auto value = [&](size_t i) { return series.y[i]; };
    const auto first = series.y.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = series.y.begin() + static_cast<std::ptrdiff_t>(end);
    if (end - begin <= 2 || !std::all_of(first, last, drawable)) {
      for (size_t i = begin; i < end; ++i) indices.push_back(i);
    } else {
      size_t low = begin, high = begin;
      for (size_t i = begin; i < end; ++i) {
        if (value(i) < value(low)) low = i;
        if (value(i) > value(high)) high = i;
      }
      indices.push_back(std::min(low, high));
      if (low != high) indices.push_back(std::max(low, high));
    }
    begin = end;
  }
  return indices;
}

std::string draw(const ChartSeries& series, const Frame& frame) {
  std::string path, circles;
  bool pen_down = false;
  for (const size_t i : visible_points(series, frame)) {
    if (!drawable(series.y[i]) || !drawable(series.x[i])) {
      pen_down = false;
      continue;
    }
    const double left = frame.left(series.x[i]), top = frame.top(series.y[i]);
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', left, top);
    pen_down = true;
    if (series.style == SeriesStyle::points)
      circles += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{}: {}</title></circle>\n", left, top,
                             short_number(series.x[i]), fixed_text(series.y[i], 4));
  }
  if (path.empty()) return "";
  return fmt::format("<path class=\"{}\" d=\"{}\"/>\n{}", class_of(series.style), path, circles);
}

std::string legend(const Chart& chart) {
  std::string svg;
  double right = chart.width - kRight;
  for (auto series = chart.series.rbegin(); series != chart.series.rend(); ++series) {
    if (series->name.empty()) continue;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"27\" text-anchor=\"end\">{}</text>\n", right, escape_html(series->name));
    right -= 7.8 * static_cast<double>(series->name.size()) + 8;  // no font is this wide
    svg += fmt::format("<path class=\"{}\" d=\"M{:.1f} 22.5h-20\"/>\n", class_of(series->style), right);
    if (series->style == SeriesStyle::points)
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"22.5\" r=\"4\"/>\n", right - 10);
    right -= 38;
  }
  return svg;
}

}  // namespace

std::string svg_chart(const Chart& chart) {
  const Frame frame = frame_of(chart);
  std::string svg = fmt::format(
      "<svg class=\"cv\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
      chart.width, chart.height, escape_html(chart.title));
  svg += kStyle;
  svg += "<rect width=\"100%\" height=\"100%\" rx=\"10\" style=\"fill:var(--bg)\"/>\n";
  svg += fmt::format("<text class=\"title\" x=\"20\" y=\"28\">{}</text>\n", escape_html(chart.title));
  svg += grid(chart, frame) + legend(chart);
  for (const ChartSeries& series : chart.series) svg += draw(series, frame);
  return svg + "</svg>\n";
}

}  // namespace convoy
