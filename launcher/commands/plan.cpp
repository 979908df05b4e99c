#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "kernels/cpu/cpu_device.h"
#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/cuda_support.h"
#include "launcher/plan/plan_report.h"
#include "launcher/plan/time/calibrate.h"

namespace convoy {
namespace {

struct PlanWords {
  std::string config, card;
  std::vector<std::string> overrides;
  int64_t ranks = 1, ranks_per_node = 0, tflops = 0;
  bool json = false, calibrate = false;
};

std::unique_ptr<Device> device_here(const RunPlanner& planner) {
  const Config& config = planner.config();
  if (planner.device() == DeviceKind::cuda) return make_cuda_device(0, config.precision == Precision::tf32);
  return cpu::make_cpu_device(static_cast<int>(config.parallel.threads.value_or(0)));
}

RatesFor rates_for(const RunPlanner& planner, const PlanWords& words, const Card* card, const PlanRequest& request) {
  if (words.calibrate)
    return [&planner](const OperatorTally& tally) { return measured_rates(*device_here(planner), tally); };
  if (card == nullptr) return {};
  CardRates rates = rates_of(*card, planner.config().precision == Precision::tf32);
  if (request.flops_per_s) rates.bf16_flops = *request.flops_per_s;
  return [rates](const OperatorTally&) { return rates; };
}

int run_plan(const PlanWords& words) {
  const Card* card = words.card.empty() ? nullptr : &find_card(words.card);
  const PlanRequest request{
      .ranks = static_cast<int>(words.ranks),
      .ranks_per_node = static_cast<int>(words.ranks_per_node == 0 ? words.ranks : words.ranks_per_node),
      .for_card = card != nullptr,
      .flops_per_s = words.tflops == 0 ? std::nullopt : std::optional(1e12 * static_cast<double>(words.tflops))};
  const RunPlanner planner(load_config(words.config, words.overrides), request);
  const PlanReport report = make_plan_report(planner, request, card, rates_for(planner, words, card, request));
  std::fputs((words.json ? plan_json(report) : plan_text(report)).c_str(), stdout);
  return 0;
}

}  // namespace

void add_plan_command(CommandLine& line) {
  constexpr double kMostRanks = 1048576;
  auto words = std::make_shared<PlanWords>();
  Command command = line.command("plan", "Memory of a run to the byte, its FLOPs and traffic, before it is started");
  command.positional("CONFIG", words->config, "YAML file; `trainer config` explains every key");
  command.positional("OVERRIDES", words->overrides, "change keys of the config, for example parallel.stage=3");
  command.option("--ranks", words->ranks, "ranks that the run would have", Allowed::from(1, kMostRanks));
  command.option("--node,--ranks-per-node", words->ranks_per_node, "of them on each machine; 0: all on one",
                 Allowed::from(0, kMostRanks));
  command.option("--tflops", words->tflops,
                 "that a rank computes a second, for modelled times; with --card its products in bf16; 0: 400, or the "
                 "card's",
                 Allowed::from(0, 1e6));
  command.option("--card", words->card,
                 "does it fit this GPU, and how long would a step take? h100, a100, h200, b200, 4090, a100-40g, ...");
  command.flag("--calibrate", words->calibrate,
               "measure this machine's device for a second or two, and model a step's time on that");
  command.flag("--json", words->json, "one JSON object");
  command.footer(
      "Starts no MPI, needs no GPU and, but for --calibrate, allocates nothing. device=cuda is planned by a build with "
      "CUDA.\n"
      "Without the data it wants model.vocabulary=N.");
  command.run([words] { return run_plan(*words); });
}

}  // namespace convoy
