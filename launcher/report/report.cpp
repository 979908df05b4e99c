#include "launcher/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/files.h"
#include "launcher/report/chart_numbers.h"
#include "launcher/report/evaluation_page.h"
#include "launcher/report/svg_chart.h"

namespace convoy {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{0}</title><style>
:root{{--page:#f4f6f9;--card:#fff;--ink:#1b2430;--dim:#667085;--line:#e4e8ee;--accent:#2563eb}}
@media (prefers-color-scheme:dark){{:root{{--page:#0b0f15;--card:#12171f;--ink:#e6eaf0;--dim:#93a0b4;--line:#232b37;--accent:#6ea8fe}}}}
*{{box-sizing:border-box}}body{{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}}
main{{max-width:1120px;margin:0 auto;padding:36px 20px 60px}}h1{{margin:0 0 22px;font-size:26px;letter-spacing:-.01em}}
h2{{font-size:16px;margin:0 0 10px}}.card{{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}}
.tiles{{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px;margin-bottom:12px}}
.tiles .card{{padding:14px 16px}}.tiles b{{display:block;font-size:22px;font-weight:650;letter-spacing:-.01em}}.tiles span{{color:var(--dim);font-size:13px}}
.grid{{display:grid;grid-template-columns:repeat(auto-fit,minmax(430px,1fr));gap:12px;margin:12px 0;align-items:start}}.pad{{padding:18px 20px}}
svg{{display:block;width:100%;height:auto}}table{{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}}
td,th{{padding:5px 0;border-top:1px solid var(--line);text-align:left;font-weight:400;vertical-align:top}}th{{color:var(--dim);padding-right:16px}}
tr:first-child>*{{border-top:0}}td{{text-align:right;overflow-wrap:anywhere}}pre{{margin:0;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace;overflow:auto}}
.wide{{margin:12px 0;overflow:auto}}.matrix td,.matrix th{{text-align:center;padding:5px 8px}}
.matrix .right{{background:color-mix(in srgb,#0d9488 var(--share),transparent)}}.matrix .wrong{{background:color-mix(in srgb,#ea580c var(--share),transparent)}}
.samples td,.samples th{{text-align:left;padding-right:16px}}.samples img{{display:block;image-rendering:pixelated;min-width:56px;max-width:120px}}
@media (max-width:520px){{.grid{{grid-template-columns:1fr}}}}
</style></head><body><main><h1>{0}</h1>
)";

template <class Value>
ChartSeries series_of(const MetricsHistory& history, std::string name, SeriesStyle style, Value&& value) {
  const RunAxis axis(history);
  ChartSeries series{std::move(name), style, {}, {}};
  for (const StepMetrics& metrics : history.steps) {
    series.x.push_back(axis.of(metrics));
    series.y.push_back(value(metrics));
  }
  return series;
}

ChartSeries smoothed(const ChartSeries& series, std::string name) {
  return {std::move(name), SeriesStyle::line, series.x, moving_mean(series.y, series.y.size() / 40 | 1)};
}

std::string small_chart(const RunAxis& axis, std::string title, std::vector<ChartSeries> series) {
  Chart chart{std::move(title), axis.name, std::move(series), true, 540, 270};
  return fmt::format("<div class=\"card\">{}</div>\n", svg_chart(chart));
}

// What a loss of tokens is counted in; others have the unit of their data.
std::string_view loss_title(const MetricsHistory& history) {
  return history.steps.empty() || history.steps.back().unit == kTokens ? "Loss (nats per token)" : "Loss";
}

std::string unit_of(const MetricsHistory& history) {
  return history.steps.empty() ? std::string(kTokens) : history.steps.back().unit;
}

std::string charts(const MetricsHistory& history) {
  const RunAxis axis(history);
  std::string html = "<div class=\"grid\">\n";
  html += small_chart(axis, "Learning rate", {series_of(history, "", SeriesStyle::line, [](auto& m) { return m.lr; })});
  const auto speed = series_of(history, "", SeriesStyle::faint, [](auto& m) { return m.tokens_per_s; });
  html += small_chart(axis, "Throughput (" + unit_of(history) + "/s)", {speed, smoothed(speed, "")});
  const auto norm = series_of(history, "", SeriesStyle::faint, [](auto& m) { return m.grad_norm; });
  html += small_chart(axis, "Gradient norm before clipping", {norm, smoothed(norm, "")});
  const auto waiting = [&](std::string name, SeriesStyle style, auto member) {
    auto series = series_of(history, std::move(name), style, [&](auto& m) { return m.*member / m.step_ms * 100; });
    series.y = moving_mean(series.y, series.y.size() / 40 | 1);
    return series;
  };
  html += small_chart(axis, "Waiting (% of step time)",
                      {waiting("for data", SeriesStyle::line, &StepMetrics::data_wait_ms),
                       waiting("for communication", SeriesStyle::line2, &StepMetrics::comm_exposed_ms)});
  return html + "</div>\n";
}

std::string table(std::string_view heading, const Facts& facts) {
  std::string html = fmt::format("<div class=\"card pad\"><h2>{}</h2><table>\n", heading);
  for (const auto& [name, value] : facts)
    html += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escape_html(name), escape_html(value));
  return html + "</table></div>\n";
}

// "loss 0.1234, accuracy 0.9876"
std::string evaluation_text(const EvaluationMetrics& evaluation) {
  std::string text = "loss " + fixed_text(evaluation.loss, 4);
  for (const auto& [name, value] : evaluation.metrics) text += fmt::format(", {} {}", name, fixed_text(value, 4));
  return text;
}

Facts evaluation_facts(const MetricsHistory& history) {
  Facts facts;
  for (const EvaluationMetrics& evaluation : history.evaluations)
    facts.emplace_back(fmt::format("step {}", evaluation.step), evaluation_text(evaluation));
  constexpr size_t kMost = 24;
  if (facts.size() > kMost) facts.erase(facts.begin(), facts.end() - kMost);
  return facts;
}

}  // namespace

std::string loss_chart_svg(const MetricsHistory& history, std::string_view title) {
  const ChartSeries train = series_of(history, "training", SeriesStyle::faint, [](auto& m) { return m.loss; });
  const RunAxis axis(history);
  Chart chart{std::string(title), axis.name, {train, smoothed(train, "moving mean")}};
  ChartSeries evaluations{"validation", SeriesStyle::points, {}, {}};
  for (const EvaluationMetrics& evaluation : history.evaluations) {
    evaluations.x.push_back(axis.of(evaluation));
    evaluations.y.push_back(evaluation.loss);
  }
  if (!evaluations.x.empty()) chart.series.push_back(std::move(evaluations));
  return svg_chart(chart);
}

std::string report_html(std::string_view title, const MetricsHistory& history, const Facts& more_facts,
                        std::string_view config_yaml, const std::optional<ShownSamples>& samples) {
  std::string html = fmt::format(kHead, escape_html(title));
  const Facts facts = key_facts(history);
  html += "<div class=\"tiles\">\n";
  for (const auto& [name, value] : facts)
    html += fmt::format("<div class=\"card\"><span>{}</span><b>{}</b></div>\n", escape_html(name), escape_html(value));
  html += fmt::format("</div>\n<div class=\"card\">{}</div>\n", loss_chart_svg(history, loss_title(history)));
  html += metric_charts(history);
  html += matrix_cards(history, samples ? samples->classes : std::vector<std::string>());
  if (samples) html += samples_card(*samples);
  html += charts(history);
  html += "<div class=\"grid\">\n";
  html += final_card(history);
  if (!more_facts.empty()) html += table("Run", more_facts);
  if (!history.evaluations.empty()) html += table("Validation", evaluation_facts(history));
  html += "</div>\n";
  html += fmt::format("<div class=\"card pad\"><h2>Configuration</h2><pre>{}</pre></div>\n", escape_html(config_yaml));
  return html + "</main></body></html>\n";
}

void write_report(const std::filesystem::path& run_folder, const Facts& more_facts) {
  write_report(run_folder, more_facts, run_folder / "report.html");
}

void write_report(const std::filesystem::path& run_folder, const Facts& more_facts, const std::filesystem::path& page) {
  const auto folder = std::filesystem::weakly_canonical(run_folder);
  const std::string html =
      report_html(folder.filename().string(), read_metrics(folder / "metrics.jsonl"), more_facts,
                  read_file(folder / "config.yaml"), read_shown_samples(folder / "worst_samples.json"));
  write_file_atomically(page, html);
}

}  // namespace convoy
