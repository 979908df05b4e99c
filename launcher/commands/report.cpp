#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "core/base/files.h"
#include "core/metrics/report.h"
#include "launcher/commands/commands.h"
#include "launcher/progress/console.h"
#include "launcher/run_folder.h"
#include "launcher/signals.h"

namespace convoy {
namespace {

struct ReportWords {
  std::string run, chart;
};

int write_it(const ReportWords& words) {
  survive_failed_writes();
  const RunPaths paths(words.run);
  if (!is_there(paths.metrics()))
    throw ConfigError(
        fmt::format("{} is no run folder: it has no metrics.jsonl; name the folder that run.dir of a training "
                    "run says",
                    words.run));
  Console console(STDOUT_FILENO, 0);
  if (words.chart.empty()) {
    write_report(paths.folder);
    console.line(paths.report().string());
  } else {
    write_file_atomically(words.chart, loss_chart_svg(read_metrics(paths.metrics())));
    console.line(words.chart);
  }
  return 0;
}

int run_report(const ReportWords& words) {
  return file_errors_as<ConfigError>([&] { return write_it(words); });
}

}  // namespace

void add_report_command(CommandLine& line) {
  auto words = std::make_shared<ReportWords>();
  Command command = line.command("report", "Write report.html of a run anew, also while it trains");
  command.positional("RUN", words->run, "run folder");
  command.option("--chart", words->chart, "write the loss curve alone to this .svg file instead");
  command.run([words] { return run_report(*words); });
}

}  // namespace convoy
