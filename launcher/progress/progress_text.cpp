#include "launcher/progress/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "launcher/report/chart_numbers.h"

namespace convoy {
namespace {

// Three significant digits, as a person reads them.
std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fixed_text(value, 0);
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string duration_text(double seconds) {
  if (!(std::abs(seconds) < 1e15)) return "?";
  const int64_t s = std::llround(seconds);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m {:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h {:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d {:02}h", s / 86400, s % 86400 / 3600);
}

std::string count_text(double count) {
  if (count < 999.5 || !std::isfinite(count)) return fixed_text(count, 0);
  constexpr std::array kUnits = {"k", "M", "G", "T"};
  size_t unit = 0;
  for (count /= 1000; count >= 999.5 && unit + 1 < kUnits.size(); ++unit) count /= 1000;
  return three_digits(count) + kUnits[unit];
}

std::string bytes_text(size_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double count = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; count >= 1023.5 && unit + 1 < kUnits.size(); ++unit) count /= 1024;
  return fmt::format("{} {}", three_digits(count), kUnits[unit]);
}

std::string step_text(const StepMetrics& metrics, int64_t total_steps, double seconds_left) {
  const size_t digits = fmt::formatted_size("{}", total_steps);
  std::string text = fmt::format("step {:{}}/{}  loss {}  lr {:.2e}  norm {}  {} {}/s", metrics.step, digits,
                                 total_steps, fixed_text(metrics.loss, 4), metrics.lr, fixed_text(metrics.grad_norm, 2),
                                 count_text(metrics.tokens_per_s), metrics.unit);
  if (seconds_left >= 0) text += fmt::format("  {} left", duration_text(seconds_left));
  return text;
}

std::string losses_text(const EvaluationMetrics& metrics) {
  std::string text = "validation loss " + fixed_text(metrics.loss, 4);
  if (metrics.unit == kTokens) text += fmt::format(", perplexity {}", fixed_text(std::exp(metrics.loss), 2));
  for (const auto& [name, value] : metrics.metrics)
    if (name != "perplexity" || metrics.unit != kTokens) text += fmt::format(", {} {}", name, fixed_text(value, 4));
  return text;
}

std::string evaluation_text(const EvaluationMetrics& metrics, bool best) {
  return fmt::format("eval  step {}: {}, {} {} in {:.1f}s{}", metrics.step, losses_text(metrics),
                     count_text(static_cast<double>(metrics.tokens)), metrics.unit, metrics.ms / 1000,
                     best ? "  (best so far)" : "");
}

std::string checkpoint_text(int64_t step, double stall_ms) {
  return fmt::format("save  step {}, training waited {:.0f} ms", step, stall_ms);
}

std::string weights_progress_text(int64_t done, int64_t all) {
  return fmt::format("writing {:.0f}% of {}",
                     100.0 * static_cast<double>(done) / static_cast<double>(std::max<int64_t>(all, 1)),
                     bytes_text(static_cast<size_t>(all)));
}

size_t text_columns(std::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string fit_columns(std::string_view text, int columns) {
  int width = 0;
  size_t end_of_cut = 0;  // bytes of the first columns - 1 characters
  for (size_t i = 0; i < text.size(); ++i) {
    if (continues_character(text[i])) continue;
    if (width == columns - 1) end_of_cut = i;
    ++width;
  }
  if (width <= columns) return std::string(text);
  return columns < 1 ? std::string() : std::string(text.substr(0, end_of_cut)) + "…";
}

}  // namespace convoy
