// Numbers and text as charts and reports show them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convoy {

// "1.2k", "3.4M", "0.003", "3e-05"
std::string short_number(double value);
// With so many digits behind the point; from ten million on as "3.403e+38".
std::string fixed_text(double value, int digits);
std::string escape_html(std::string_view text);

// Whether a chart has a place for it: finite, and not so large that differences overflow.
bool drawable(double value);
// Whether a chart's axis can run from low to high: equal numbers, or those a last digit apart, have nothing between.
bool apart(double low, double high);

// Round numbers that lie in [low, high], about `count` of them; none where they are not apart().
std::vector<double> nice_ticks(double low, double high, int count);

// Mean over a window of `width` points around each point, narrower at the ends, of the drawable ones among them.
std::vector<double> moving_mean(const std::vector<double>& y, size_t width);

}  // namespace convoy
