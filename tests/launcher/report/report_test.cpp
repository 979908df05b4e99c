#include "launcher/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "launcher/report/chart_numbers.h"
#include "launcher/report/png.h"
#include "launcher/report/shown_samples.h"
#include "launcher/report/svg_chart.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t place = text.find(what); place != std::string::npos; place = text.find(what, place + 1)) ++found;
  return found;
}

MetricsHistory history_of(int64_t steps) {
  MetricsHistory history;
  for (int64_t i = 1; i <= steps; ++i) {
    history.steps.push_back({i, 4.0 / std::sqrt(double(i)), 1e-3, 1.0, i * 1000, 10, 100000, 0.5, 0.1, 0.4, 3 << 20});
    if (i % 100 == 0) history.evaluations.push_back({i, i == 200 ? 1.25 : 1.5, 1000, 5});
  }
  return history;
}

TEST(ChartNumbers, TicksAreRoundAndInside) {
  EXPECT_EQ(nice_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(nice_ticks(1.3, 4.2, 6), (std::vector<double>{1.5, 2, 2.5, 3, 3.5, 4}));
  EXPECT_EQ(nice_ticks(-1, 1, 2), (std::vector<double>{-1, 0, 1}));
}

TEST(ChartNumbers, ShortNumbers) {
  EXPECT_EQ(short_number(2000), "2000");
  EXPECT_EQ(short_number(12500), "12.5k");
  EXPECT_EQ(short_number(3.4e6), "3.4M");
  EXPECT_EQ(short_number(3e-5), "3e-05");
  EXPECT_EQ(short_number(0), "0");
}

TEST(ChartNumbers, HtmlOfAnyBytes) {
  EXPECT_EQ(escape_html("<a href=\"x\"> & caf\xe9 Z\u00fcrich"),
            "&lt;a href=&quot;x&quot;&gt; &amp; caf\\xe9 Z\u00fcrich");
}

TEST(ChartNumbers, MovingMeanShrinksAtTheEndsAndSkipsGaps) {
  EXPECT_EQ(moving_mean({1, 2, 6, 4, 5}, 3), (std::vector<double>{1, 3, 4, 5, 5}));
  EXPECT_EQ(moving_mean({1, kNaN, 3}, 3)[1], 2.0);
  EXPECT_TRUE(std::isnan(moving_mean({kNaN}, 5)[0]));
  EXPECT_TRUE(moving_mean({}, 5).empty());
}

TEST(SvgChart, DrawsInPixelsAndBreaksAtNaN) {
  Chart chart{"a < b", "step", {{"y", SeriesStyle::line, {0, 1, 2, 3, 4}, {0, 10, kNaN, 10, 0}}}, true, 184, 198};
  const std::string svg = svg_chart(chart);
  // 184 wide: the plot is 100 wide, from 64 on; 198 high: 100 high, y = 10.5 at 52 and 0 at 152.
  EXPECT_NE(svg.find("M64.0 152.0L89.0 56.8M139.0 56.8L164.0 152.0"), std::string::npos) << svg;
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(SvgChart, KeepsSpikesOfManyPointsAndStaysSmall) {
  ChartSeries series{"", SeriesStyle::faint, {}, {}};
  for (int i = 0; i < 200'000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 77'777 ? 1000 : i % 7);
  }
  const std::string svg = svg_chart({"t", "x", {series}});
  EXPECT_LT(svg.size(), 60'000u);
  const std::string with_spike = svg;
  series.y[77'777] = 0;
  EXPECT_NE(svg_chart({"t", "x", {series}}), with_spike);
}

TEST(SvgChart, NothingToDrawIsStillAChart) {
  for (const auto& y : {std::vector<double>{}, std::vector<double>{kNaN}, std::vector<double>{5}}) {
    const std::string svg = svg_chart({"t", "x", {{"s", SeriesStyle::points, std::vector<double>(y.size(), 1.0), y}}});
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
}

// What no chart can show, and what differs by less than a chart can show.
std::vector<std::vector<double>> extreme_values() {
  constexpr double kInf = std::numeric_limits<double>::infinity(), kMax = std::numeric_limits<double>::max();
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  return {{},
          {5},
          {kNaN, kNaN},
          {kInf, -kInf},
          {0, 0, 0},
          {-3, -2, -1},
          {kTiny},
          {0, kTiny, 2 * kTiny},
          {-kTiny, kTiny},
          {1e-310, 2e-310},
          {1, std::nextafter(1.0, 2.0)},
          {1e17, 1e17 + 16},
          {-kMax, kMax},
          {-1e300, 1e300},
          {kMax, kNaN, 1, -kInf, 0},
          {3.4e38, 1, 2, 3},
          {1e-30, 1e30}};
}

TEST(ChartNumbers, TicksOfAnyRangeAreFewAndInside) {
  for (const std::vector<double>& a : extreme_values())
    for (const std::vector<double>& b : extreme_values())
      for (const double low : a)
        for (const double high : b) {
          const std::vector<double> ticks = nice_ticks(low, high, 6);
          EXPECT_LE(ticks.size(), 20u) << low << " to " << high;
          for (const double tick : ticks) EXPECT_TRUE(std::isfinite(tick)) << low << " to " << high;
        }
}

TEST(ChartNumbers, ASpikeDisturbsNoMeanBesideIt) {
  std::vector<double> y(100, 3.0);
  y[50] = 1e30;
  EXPECT_EQ(moving_mean(y, 5)[90], 3.0);
  EXPECT_EQ(moving_mean(y, 5)[50], 1e30 / 5);
}

TEST(ChartNumbers, FixedText) {
  EXPECT_EQ(fixed_text(1.25, 4), "1.2500");
  EXPECT_EQ(fixed_text(3.4e38, 4), "3.4e+38");
  EXPECT_EQ(fixed_text(kNaN, 4), "nan");
}

void expect_drawn(const std::string& svg) {
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_LT(svg.size(), 20'000u);
  for (const char* unsayable : {"nan", "inf"}) EXPECT_EQ(svg.find(unsayable), std::string::npos) << svg;
}

TEST(SvgChart, SurvivesAnyNumbers) {
  for (const std::vector<double>& y : extreme_values())
    for (const bool from_zero : {false, true}) {
      std::vector<double> counted(y.size()), same(y.size(), 1e12);
      for (size_t i = 0; i < y.size(); ++i) counted[i] = static_cast<double>(i);
      for (const std::vector<double>& x : {counted, same, y})
        expect_drawn(
            svg_chart({"t", "x", {{"", SeriesStyle::points, x, y}, {"", SeriesStyle::line, x, y}}, from_zero}));
    }
}

TEST(Report, SurvivesAnyNumbers) {
  for (const std::vector<double>& values : extreme_values()) {
    MetricsHistory history;
    for (const double v : values) {
      const auto step = static_cast<int64_t>(history.steps.size() + 1);
      history.steps.push_back({step, v, v, v, INT64_MAX, v, v, v, v, v, SIZE_MAX});
      history.evaluations.push_back({INT64_MAX, v, INT64_MAX, v});
    }
    const std::string html = report_html("extreme", history, {}, "");
    EXPECT_NE(html.find("</html>"), std::string::npos);
    EXPECT_LT(html.size(), 100'000u);
  }
}

TEST(Report, KeyFacts) {
  const Facts facts = key_facts(history_of(300));
  const auto has = [&](const std::string& name, const std::string& value) {
    return std::find(facts.begin(), facts.end(), std::pair(name, value)) != facts.end();
  };
  EXPECT_TRUE(has("steps", "300"));
  EXPECT_TRUE(has("validation loss", "1.5000"));
  EXPECT_TRUE(has("best, at step 200", "1.2500"));
  EXPECT_TRUE(has("tokens", "300k"));
  EXPECT_TRUE(has("tokens/s, median", "100k"));
  EXPECT_TRUE(has("training time", "3.0 s"));
  EXPECT_TRUE(has("of peak flop/s (MFU)", "40.0%"));
  EXPECT_TRUE(has("device memory", "3 MiB"));
  EXPECT_TRUE(key_facts({}).empty());
  MetricsHistory guarded = history_of(300);
  guarded.steps.back().skipped_steps = 4;
  guarded.rollbacks = {{100, 130, 9.0, 4000, 1}, {200, 210, 9.0, 7000, 2}};
  const Facts more = key_facts(guarded);
  EXPECT_EQ(std::count(more.begin(), more.end(), Facts::value_type("steps without a finite gradient", "4")), 1);
  EXPECT_EQ(std::count(more.begin(), more.end(), Facts::value_type("rollbacks, the last from step 210", "2")), 1);
}

TEST(Report, IsOneFileThatNeedsNoOther) {
  TemporaryFolder folder;
  const auto run = folder / "shakespeare & co";
  make_folder(run);
  {
    MetricsFile file(run / "metrics.jsonl", 0);
    const MetricsHistory history = history_of(300);
    for (const auto& step : history.steps) file.on_step(step);
    for (const auto& evaluation : history.evaluations) file.on_evaluation(evaluation);
  }
  write_file_atomically(run / "config.yaml", "model: {family: \"<gpt2>\"}\n");
  write_report(run / "", {{"device", "cpu"}});
  const std::string html = read_file(run / "report.html");
  EXPECT_NE(html.find("<title>shakespeare &amp; co</title>"), std::string::npos);
  EXPECT_NE(html.find("&lt;gpt2&gt;"), std::string::npos);
  EXPECT_EQ(count(html, "<svg"), 5u);
  EXPECT_EQ(count(html, "<circle"), 4u) << "three evaluations and the legend";
  for (const char* outside : {"<link", "<script", "src=", "url(", "@import"})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
}

MetricsHistory classified_history() {
  MetricsHistory history = history_of(300);
  for (StepMetrics& metrics : history.steps) metrics.epoch = static_cast<double>(metrics.step) / 100;
  for (EvaluationMetrics& evaluation : history.evaluations) {
    evaluation.epoch = static_cast<double>(evaluation.step) / 100;
    evaluation.metrics = {{"accuracy", 0.5}, {"f1_<b>", 0.25}};
    evaluation.matrices = {{"confusion_matrix", Matrix{{"0", "1"}, {3, 1, 0, 6}}}};
  }
  return history;
}

TEST(Report, ShowsMetricsMatricesAndTheWorstSamples) {
  const uint8_t pixels[] = {0, 255, 128, 64};
  ShownSamples samples{.step = 300, .classes = {"ham & eggs", "spam"}, .samples = {}};
  samples.samples.push_back({.sample = 17, .loss = 3.5, .wanted = "spam (1.0%)", .predicted = "ham & eggs (99.0%)"});
  samples.samples[0].picture = png_data_uri({pixels, 2, 2, 1});
  MetricsHistory history = classified_history();
  const std::string html = report_html("classes", history, {}, "", samples);
  EXPECT_EQ(count(html, "<svg"), 5u + 2u) << "a chart more for each metric";
  EXPECT_EQ(count(html, ">epoch<"), 7u) << "all by epochs";
  EXPECT_EQ(count(html, ">step<"), 0u);
  EXPECT_NE(html.find("confusion_matrix (validation, step 300)"), std::string::npos);
  EXPECT_NE(html.find("<th>ham &amp; eggs</th>"), std::string::npos);
  EXPECT_NE(html.find("<td class=\"right\" style=\"--share:75%\">3</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>17</td><td>3.5000</td>"), std::string::npos);
  EXPECT_NE(html.find("src=\"data:image/png;base64,iVBORw0KGgo"), std::string::npos);
  EXPECT_EQ(html.find("Result with"), std::string::npos);
  history.final = FinalMetrics{.step = 300, .weights_step = 200, .splits = {{"test", history.evaluations[0]}}};
  const std::string ended = report_html("classes", history, {}, "", samples);
  EXPECT_NE(ended.find("Result with the best weights, of step 200"), std::string::npos);
  EXPECT_NE(ended.find("confusion_matrix (test, step 100)"), std::string::npos);
}

// As `file` and every reader of pictures want it; sums and stream are checked against Python's zlib.
TEST(Report, PicturesArePng) {
  const uint8_t pixels[] = {255, 0, 0, 0, 255, 0};
  EXPECT_EQ(png_data_uri({pixels, 1, 2, 3}),
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAEklEQVR4AQEHAPj/AP8AAAD/AAf/Af/"
            "FDuJqAAAAAElFTkSuQmCC");
  const std::vector<uint8_t> large(1000 * 200);
  EXPECT_LT(png_data_uri({large, 1000, 200, 1}).size(), 5000u) << "every eleventh pixel";
}

TEST(Report, ShownSamplesReadBack) {
  TemporaryFolder folder;
  const auto file = folder / "worst_samples.json";
  EXPECT_FALSE(read_shown_samples(file).has_value());
  ShownSamples samples{.step = 7, .classes = {"a"}, .samples = {{3, kNaN, "a", "b", "x 1", ""}}};
  write_shown_samples(file, samples);
  const auto found = read_shown_samples(file);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->classes, samples.classes);
  EXPECT_EQ(found->samples.at(0).values, "x 1");
  EXPECT_TRUE(std::isnan(found->samples[0].loss));
  write_file_atomically(file, "{\"step\": \"x\"}");
  EXPECT_FALSE(read_shown_samples(file).has_value());
}

TEST(Report, WithoutAnyStep) {
  EXPECT_NE(report_html("empty", {}, {}, "").find("</html>"), std::string::npos);
  TemporaryFolder folder;
  EXPECT_THROW(write_report(folder.path()), FileError);
}

}  // namespace
}  // namespace convoy
