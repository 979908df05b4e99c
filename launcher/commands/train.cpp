#include <memory>

#include "comm/make_communicator.h"
#include "launcher/binding/bind_rank.h"
#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/report_errors.h"
#include "launcher/signals.h"
#include "launcher/train/training_session.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct TrainWords {
  std::string config;
  std::vector<std::string> overrides;
  bool resume = false, debug = false;
};

// Every rank reads the same file: as a usage error its mistakes are told once.
Config load(const TrainWords& words) try {
  Config config = load_config(words.config, words.overrides);
  if (words.resume) config.run.resume = Resume::must;
  return config;
} catch (const ConfigError& error) {
  throw UsageError(error.what());
}

int run_train(const TrainWords& words) {
  survive_failed_writes();
  Config config = load(words);
  choose_network(config);
  const std::unique_ptr<Communicator> communicator =
      make_communicator({.timeout_s = static_cast<double>(config.parallel.timeout_s)});
  return report_errors(*communicator, [&] {
    if (words.debug && communicator->size() > 1)
      throw ConfigError("--debug runs in one process, found " + std::to_string(communicator->size()) +
                        " ranks; start `trainer train CONFIG --debug` without mpirun");
    return run_training(config, *communicator, words.debug);
  });
}

}  // namespace

void add_train_command(CommandLine& line) {
  auto words = std::make_shared<TrainWords>();
  Command command = line.command("train", "Train a model: mpirun -np N trainer train CONFIG");
  command.positional("CONFIG", words->config, "YAML file; `trainer config` explains every key");
  command.positional("OVERRIDES", words->overrides, "change keys of the config, for example optimizer.lr=1e-3");
  command.flag("--resume", words->resume, "go on from the run's newest checkpoint (run.resume=must)");
  command.flag(
      "--debug", words->debug,
      "one process, operators one at a time: checks for NaN and writes out of bounds, statistics of each layer");
  command.footer(
      "Exit codes: 0 done, 2 bad config, 3 bad data, 4 bad checkpoint, 70 internal error, 71 a collective\n"
      "timed out, 72 a device computed wrong bits, 85 stopped by a signal and saved.");
  command.run([words] { return run_train(*words); });
}

}  // namespace convoy
