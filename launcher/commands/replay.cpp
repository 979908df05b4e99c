#include <memory>

#include "comm/make_communicator.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/report_errors.h"
#include "launcher/run_folder.h"
#include "launcher/train/replay.h"
#include "launcher/trained_model.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct ReplayWords {
  std::string run;
  std::vector<std::string> overrides;
  int64_t step = 0;
};

// The newest that can be read; null: there is none.
std::unique_ptr<CheckpointReader> any_checkpoint(const std::filesystem::path& checkpoints) {
  const auto all = list_checkpoints(checkpoints);
  for (auto candidate = all.rbegin(); candidate != all.rend(); ++candidate) try {
      return std::make_unique<CheckpointReader>(candidate->second, false);
    } catch (const CheckpointError&) {  // told by replay_step
    }
  return nullptr;
}

Config load(const ReplayWords& words) try {
  if (words.step < 1) throw ConfigError("which step shall be replayed? --step wants a number from 1 on");
  const RunPaths paths(words.run);
  if (!file_errors_as<ConfigError>([&] { return is_there(paths.config()); }))
    throw ConfigError(words.run + " is no run folder: it has no config.yaml");
  Config config = load_config(paths.config(), {});
  if (const auto checkpoint = any_checkpoint(paths.checkpoints())) take_data_from_here(config.data, *checkpoint);
  config = override_config(config, words.overrides);
  config.run.dir = words.run;  // the folder may have been moved
  return config;
} catch (const ConfigError& error) {
  throw UsageError(error.what());
}

int run_replay(const ReplayWords& words) {
  Config config = load(words);
  const std::unique_ptr<Communicator> communicator =
      make_communicator({.timeout_s = static_cast<double>(config.parallel.timeout_s)});
  return report_errors(*communicator, [&] { return replay_step(std::move(config), *communicator, words.step); });
}

}  // namespace

void add_replay_command(CommandLine& line) {
  auto words = std::make_shared<ReplayWords>();
  Command command = line.command("replay", "Run a step of a run again, with every check, and compare its bits");
  command.positional("RUN", words->run, "run folder");
  command.positional("OVERRIDES", words->overrides,
                     "keys that change no bits, for example device=cpu, parallel.stage=3 or data.path=/elsewhere");
  command.option("--step", words->step, "which", Allowed::from(1, kMostSteps));
  command.footer(
      "Goes back to the checkpoint before the step and comes forward to it; on one rank the step runs with the checks\n"
      "and statistics of --debug, under mpirun -np N without them. Writes nothing into the run folder.\n"
      "Exit codes: 0 the recorded bits, 2 no such run or step, 3 other data, 72 other bits.");
  command.run([words] { return run_replay(*words); });
}

}  // namespace convoy
