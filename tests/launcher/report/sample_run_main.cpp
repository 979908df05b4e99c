// sample_run FOLDER: the files of a run of 2000 steps with made-up numbers that stopped at step 1300, resumed from step
// 1000 and went back from a spike at step 1750 to step 1500, for tensorboard_test.sh, and to look at report.html and
// loss.svg.
#include <cmath>
#include <random>
#include <string>
#include <utility>

#include "core/base/files.h"
#include "core/metrics/metrics_file.h"
#include "launcher/report/report.h"
#include "launcher/report/tensorboard_file.h"

namespace convoy {
namespace {

// Loss of step i of start s is about 1.5 + 2.9 exp(-i/200); the start shows in the second decimal of the evaluation.
void run_steps(const std::filesystem::path& folder, int64_t first, int64_t last, double start) {
  std::mt19937 random(static_cast<unsigned>(first));
  std::normal_distribution<double> noise(0, 1);
  MetricsFile metrics(folder / "metrics.jsonl", first - 1);
  TensorBoardFile events(folder, first - 1);
  bool spike = true;
  for (int64_t i = first; i <= last; ++i) {
    const double t = static_cast<double>(i), loss = 1.5 + 2.9 * std::exp(-t / 200);
    const double lr = t < 100 ? 3e-5 * t : 3e-4 + 1.35e-3 * (1 + std::cos(3.14159265 * (t - 100) / 1900));
    StepMetrics step{i,        loss + 0.04 * noise(random),
                     lr,       0.4 + std::exp(-t / 60) + 0.05 * std::abs(noise(random)),
                     2048 * i, 110 + 4 * noise(random),
                     0,        0.4 + 0.1 * noise(random),
                     3,        0.41,
                     36 << 20};
    step.tokens_per_s = 2048e3 / step.step_ms;
    for (TrainingObserver* observer :
         {static_cast<TrainingObserver*>(&metrics), static_cast<TrainingObserver*>(&events)}) {
      observer->on_step(step);
      if (i % 200 == 0) observer->on_evaluation({i, loss + 0.05 + 0.01 * start, 10240, 400});
      if (spike && i == 1750) observer->on_rollback({1500, i, loss, 1750 * 32, 1});
    }
    if (i == 1750 && std::exchange(spike, false)) i = 1500;
  }
}

}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  convoy::make_folder(folder);
  convoy::run_steps(folder, 1, 1300, 1);
  convoy::run_steps(folder, 1001, 2000, 2);
  convoy::write_file_atomically(folder / "config.yaml",
                                "run:\n  dir: runs/sample  # folder\n  seed: 1\nmodel:\n  family: gpt2\n  layers: 4\n");
  convoy::write_report(folder, {{"device", "CPU, 2 threads"}, {"ranks", "2"}, {"parameters", "826,368"}});
  convoy::write_file_atomically(folder / "loss.svg",
                                convoy::loss_chart_svg(convoy::read_metrics(folder / "metrics.jsonl")));
}
