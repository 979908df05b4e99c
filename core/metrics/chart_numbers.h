// Numbers and text as charts and reports show them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convoy {

// "1.2k", "3.4M", "0.003", "3e-05"
std::string short_number(double value);
std::string escape_html(std::string_view text);

// Round numbers that lie in [low, high], about `count` of them.
std::vector<double> nice_ticks(double low, double high, int count);

// Mean over a window of `width` points around each point, narrower at the ends, of the finite ones among them.
std::vector<double> moving_mean(const std::vector<double>& y, size_t width);

}  // namespace convoy
