#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "core/base/files.h"
#include "launcher/report/report.h"
#include "launcher/commands/commands.h"
#include "launcher/progress/console.h"
#include "launcher/run_folder.h"
#include "launcher/signals.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct ReportWords {
  std::string run, output, chart;
};

std::string make(const ReportWords& words, const RunPaths& paths) {
  if (!words.chart.empty()) {
    write_file_atomically(words.chart, loss_chart_svg(read_metrics(paths.metrics())));
    return words.chart;
  }
  const std::filesystem::path page = words.output.empty() ? paths.report() : std::filesystem::path(words.output);
  write_report(paths.folder, {}, page);
  return page.string();
}

int run_report(const ReportWords& words) try {
  survive_failed_writes();
  if (!words.chart.empty() && !words.output.empty())
    throw UsageError("--chart names the picture's file, --output the report's: one of them is wanted");
  const RunPaths paths(words.run);
  if (!is_there(paths.metrics()))
    throw ConfigError(
        fmt::format("{} is no run folder: it has no metrics.jsonl; name the folder that run.dir of a training "
                    "run says",
                    words.run));
  Console(STDOUT_FILENO, 0).line(make(words, paths));
  return 0;
} catch (const FileError& error) {
  throw ConfigError(fmt::format("no report of {}: {}{}", words.run, error.what(),
                                words.output.empty() && words.chart.empty()
                                    ? ". A run that you may only read has its report where --output FILE says"
                                    : ""));
}

}  // namespace

void add_report_command(CommandLine& line) {
  auto words = std::make_shared<ReportWords>();
  Command command = line.command("report", "Write report.html of a run anew, also while it trains");
  command.positional("RUN", words->run, "run folder");
  command.option("--output", words->output, "where to write it; RUN/report.html if not given");
  command.option("--chart", words->chart, "write the loss curve alone to this .svg file instead");
  command.run([words] { return run_report(*words); });
}

}  // namespace convoy
