#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/plan/plan_report.h"

namespace convoy {
namespace {

struct PlanWords {
  std::string config, card;
  std::vector<std::string> overrides;
  int64_t ranks = 1, ranks_per_node = 0, tflops = 400;
  bool json = false;
};

int run_plan(const PlanWords& words) {
  const Card* card = words.card.empty() ? nullptr : &find_card(words.card);
  const PlanRequest request{
      .ranks = static_cast<int>(words.ranks),
      .ranks_per_node = static_cast<int>(words.ranks_per_node == 0 ? words.ranks : words.ranks_per_node),
      .for_card = card != nullptr,
      .flops_per_s = 1e12 * static_cast<double>(words.tflops)};
  const RunPlanner planner(load_config(words.config, words.overrides), request);
  const PlanReport report = make_plan_report(planner, request, card);
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
  command.option("--tflops", words->tflops, "that a rank computes a second, for modelled times", Allowed::from(1, 1e6));
  command.option("--card", words->card, "does it fit this GPU? h100-80g, a100-40g, rtx4090-24g, ...");
  command.flag("--json", words->json, "one JSON object");
  command.footer(
      "Starts no MPI, needs no GPU and allocates nothing. device=cuda is planned by a build with CUDA.\n"
      "Without the data it wants model.vocabulary=N.");
  command.run([words] { return run_plan(*words); });
}

}  // namespace convoy
