#include "launcher/progress/run_summary.h"

#include <fmt/format.h>

#include "launcher/open_data.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

std::string counted(int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string parameters_text(const SummaryFacts& facts) {
  const std::string learn = count_text(static_cast<double>(facts.parameters)) + " parameters";
  if (facts.beneath == 0) return learn;
  return fmt::format("{} of an adapter beside {}", learn, count_text(static_cast<double>(facts.beneath)));
}

std::string device_line(const SummaryFacts& facts) {
  std::string line = fmt::format("device  {}; ", facts.device);
  if (!facts.processors.empty()) line += fmt::format("on {}; ", facts.processors);
  line += counted(facts.ranks, "rank", "ranks");
  if (facts.memory_bytes > 0) line += fmt::format(", {} per rank", bytes_text(facts.memory_bytes));
  return line;
}

std::string batch_line(const Config& config, const SummaryFacts& facts) {
  const int64_t passes = config.batch.global / (config.batch.micro * facts.ranks);
  const int64_t context = config.model.family->context();
  const bool pairs = config.loss.kind->preference() != nullptr;
  std::string line =
      fmt::format("batch   {} {} = {} x {} each x {}", config.batch.global,
                  pairs         ? "pairs"
                  : context > 0 ? "sequences"
                                : "samples",
                  counted(facts.ranks, "rank", "ranks"), config.batch.micro, counted(passes, "pass", "passes"));
  if (context > 0)
    line += fmt::format("; {} tokens per step",
                        count_text(static_cast<double>(config.batch.global * (pairs ? 2 : 1) * context)));
  if (facts.virtual_ranks != facts.ranks) line += fmt::format("; {} virtual ranks", facts.virtual_ranks);
  return line;
}

std::string steps_line(const Config& config, const RunLength& length, const SummaryFacts& facts) {
  std::string line = fmt::format("steps   {}", length.steps());
  if (length.by_epochs())
    line += fmt::format(" = {} of {}", counted(length.epochs(), "epoch", "epochs"),
                        counted(length.samples_per_epoch(), "sample", "samples"));
  if (facts.first_step > 0) line += fmt::format(", resumed after step {}", facts.first_step);
  if (config.train.stop_at > 0) line += fmt::format(", this start ends after step {}", config.train.stop_at);
  return line;
}

}  // namespace

std::string run_summary(const Config& config, const RunLength& length, const SummaryFacts& facts) {
  const FamilyChoice& family = config.model.family;
  return fmt::format("model   {}: {}; {}, {}\n{}\n{}\ndata    {}: {}\nrun     {}\n{}", family.name(), family->summary(),
                     parameters_text(facts), to_name(config.precision), device_line(facts), batch_line(config, facts),
                     data_name(config), facts.data, config.run.dir, steps_line(config, length, facts));
}

}  // namespace convoy
