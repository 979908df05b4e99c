#include "launcher/report/evaluation_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/report/chart_numbers.h"
#include "launcher/report/svg_chart.h"

namespace convoy {
namespace {

constexpr size_t kMostCharts = 24, kMostClasses = 64;

std::string metric_chart(const MetricsHistory& history, const RunAxis& axis, size_t metric, const std::string& name) {
  ChartSeries series{"", SeriesStyle::points, {}, {}};
  for (const EvaluationMetrics& evaluation : history.evaluations) {
    if (metric >= evaluation.metrics.size() || evaluation.metrics[metric].first != name) continue;
    series.x.push_back(axis.of(evaluation));
    series.y.push_back(evaluation.metrics[metric].second);
  }
  Chart chart{"Validation " + name, axis.name, {std::move(series)}, false, 540, 270};
  return fmt::format("<div class=\"card\">{}</div>\n", svg_chart(chart));
}

std::string cell_text(double cell) { return fmt::format("{:.10g}", cell); }

std::string matrix_card(const std::string& title, const Matrix& matrix, const std::vector<std::string>& classes) {
  const auto label = [&](size_t i) { return escape_html(i < classes.size() ? classes[i] : matrix.labels[i]); };
  std::string html = fmt::format(
      "<div class=\"card pad wide\"><h2>{}</h2><table class=\"matrix\">\n<tr><th>wanted \\ "
      "predicted</th>",
      escape_html(title));
  for (size_t column = 0; column < matrix.size(); ++column) html += fmt::format("<th>{}</th>", label(column));
  html += "</tr>\n";
  for (size_t row = 0; row < matrix.size(); ++row) {
    double all = 0;
    for (size_t column = 0; column < matrix.size(); ++column) all += matrix.at(row, column);
    html += fmt::format("<tr><th>{}</th>", label(row));
    for (size_t column = 0; column < matrix.size(); ++column) {
      const double share = all > 0 ? matrix.at(row, column) / all : 0;
      html += fmt::format("<td class=\"{}\" style=\"--share:{:.0f}%\">{}</td>", row == column ? "right" : "wrong",
                          100 * share, cell_text(matrix.at(row, column)));
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string sample_row(const ShownSample& sample) {
  const std::string picture =
      sample.picture.empty() ? "" : fmt::format("<img alt=\"\" src=\"{}\">", escape_html(sample.picture));
  return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}{}</td></tr>\n", sample.sample,
                     fixed_text(sample.loss, 4), escape_html(sample.wanted), escape_html(sample.predicted), picture,
                     escape_html(sample.values));
}

}  // namespace

RunAxis::RunAxis(const MetricsHistory& history) : by_epochs(!history.steps.empty() && history.steps.back().epoch > 0) {
  if (by_epochs) name = "epoch";
}

std::string metric_charts(const MetricsHistory& history) {
  if (history.evaluations.empty() || history.evaluations.back().metrics.empty()) return "";
  const RunAxis axis(history);
  const NamedValues& last = history.evaluations.back().metrics;
  std::string html = "<div class=\"grid\">\n";
  for (size_t i = 0; i < std::min(last.size(), kMostCharts); ++i) html += metric_chart(history, axis, i, last[i].first);
  return html + "</div>\n";
}

std::string final_card(const MetricsHistory& history) {
  if (!history.final || history.final->splits.empty()) return "";
  const FinalMetrics& final = *history.final;
  std::string html =
      fmt::format("<div class=\"card pad\"><h2>Result with the {} weights, of step {}</h2><table>\n<tr><th></th>",
                  final.weights_step == final.step ? "last" : "best", final.weights_step);
  for (const auto& [split, evaluation] : final.splits) html += fmt::format("<td>{}</td>", escape_html(split));
  html += "</tr>\n";
  const auto line = [&](const std::string& name, auto&& value) {
    html += fmt::format("<tr><th>{}</th>", escape_html(name));
    for (const auto& [split, evaluation] : final.splits) html += fmt::format("<td>{}</td>", value(evaluation));
    html += "</tr>\n";
  };
  line(final.splits.front().second.unit, [](const EvaluationMetrics& e) { return fmt::format("{}", e.tokens); });
  line("loss", [](const EvaluationMetrics& e) { return fixed_text(e.loss, 4); });
  for (size_t i = 0; i < final.splits.front().second.metrics.size(); ++i)
    line(final.splits.front().second.metrics[i].first, [i](const EvaluationMetrics& e) {
      return i < e.metrics.size() ? fixed_text(e.metrics[i].second, 4) : std::string();
    });
  return html + "</table></div>\n";
}

std::string matrix_cards(const MetricsHistory& history, const std::vector<std::string>& classes) {
  std::string html;
  const auto add = [&](const std::string& split, const EvaluationMetrics& evaluation) {
    for (const auto& [name, matrix] : evaluation.matrices)
      if (matrix.size() <= kMostClasses)
        html += matrix_card(fmt::format("{} ({}, step {})", name, split, evaluation.step), matrix, classes);
  };
  if (history.final)
    for (const auto& [split, evaluation] : history.final->splits) add(split, evaluation);
  else if (!history.evaluations.empty())
    add("validation", history.evaluations.back());
  return html;
}

std::string samples_card(const ShownSamples& samples) {
  if (samples.samples.empty()) return "";
  std::string html = fmt::format(
      "<div class=\"card pad wide\"><h2>Worst samples of validation (step {})</h2><table class=\"samples\">\n"
      "<tr><th>sample</th><th>loss</th><th>wanted</th><th>predicted</th><th>what it is</th></tr>\n",
      samples.step);
  for (const ShownSample& sample : samples.samples) html += sample_row(sample);
  return html + "</table></div>\n";
}

}  // namespace convoy
