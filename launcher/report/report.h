// report.html: a run on one page that needs nothing else, to look at and to send around.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/metrics/metrics_file.h"
#include "launcher/report/shown_samples.h"

namespace convoy {

using Facts = std::vector<std::pair<std::string, std::string>>;  // name and value, in the order of the page

// Training loss, its moving mean and the evaluations over the steps. Also a picture by itself.
std::string loss_chart_svg(const MetricsHistory& history, std::string_view title = "Loss (nats per token)");

// What the numbers say: steps, last and best loss, speed, waiting.
Facts key_facts(const MetricsHistory& history);

// samples: absent, none are shown.
std::string report_html(std::string_view title, const MetricsHistory& history, const Facts& more_facts,
                        std::string_view config_yaml, const std::optional<ShownSamples>& samples = std::nullopt);

// Writes RUN/report.html from RUN/metrics.jsonl, RUN/config.yaml and, if it is there, RUN/worst_samples.json.
// `more_facts` (device, ranks, parameters, ...) follow those that the metrics tell. Throws FileError.
void write_report(const std::filesystem::path& run_folder, const Facts& more_facts = {});
// The same to another file.
void write_report(const std::filesystem::path& run_folder, const Facts& more_facts, const std::filesystem::path& page);

}  // namespace convoy
