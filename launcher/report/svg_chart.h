// A line chart as one self-contained SVG: light and dark by the reader's preference, also when an <img> shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convoy {

enum class SeriesStyle { faint, line, line2, points };

struct ChartSeries {
  std::string name;  // in the legend; empty: not there
  SeriesStyle style = SeriesStyle::line;
  std::vector<double> x, y;  // of the same length; where y is not drawable the line has a gap
};

struct Chart {
  std::string title, x_label;
  std::vector<ChartSeries> series;
  bool y_from_zero = false;
  int width = 860, height = 380;  // pixels at scale 1
};

std::string svg_chart(const Chart& chart);

}  // namespace convoy
