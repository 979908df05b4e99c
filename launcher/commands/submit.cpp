#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "core/base/files.h"
#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/config/validate.h"
#include "launcher/run_folder.h"
#include "launcher/signals.h"
#include "launcher/slurm/batch_script.h"
#include "launcher/slurm/sbatch.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct SubmitWords {
  std::string config;
  std::vector<std::string> overrides;
  SlurmOptions slurm;
  bool resume = false, dry_run = false;
};

// A finished or broken-off run has its own virtual ranks; training checks them when it resumes.
void check_run(const Config& config, const SlurmOptions& slurm, bool resume) {
  const bool exists = file_errors_as<ConfigError>([&] { return is_there(RunPaths(config.run.dir).config()); });
  if (exists && !resume && config.run.resume == Resume::never)
    throw ConfigError(fmt::format("there is a run in {} already; go on with it by --resume, or choose another run.dir",
                                  config.run.dir));
  if (exists) return;
  const int ranks = static_cast<int>(slurm.nodes * tasks_per_node(slurm));
  check_ranks(config, virtual_ranks(config, ranks), ranks);
}

std::filesystem::path run_folder(const Config& config) {
  return std::filesystem::absolute(config.run.dir).lexically_normal();
}

// Every mistake at once, of the config and of the options.
Config load(const SubmitWords& words) {
  std::vector<std::string> mistakes = slurm_mistakes(words.slurm);
  const bool options_are_right = mistakes.empty();
  Config config;
  try {
    config = load_config(words.config, words.overrides);
    if (auto mistake = run_folder_mistake(run_folder(config).string())) mistakes.push_back(std::move(*mistake));
    if (options_are_right) check_run(config, words.slurm, words.resume);
  } catch (const ConfigError& error) {
    mistakes.push_back(error.what());
  }
  if (!mistakes.empty()) throw UsageError(fmt::format("{}", fmt::join(mistakes, "\n")));
  return config;
}

std::vector<std::string> train_command(const SubmitWords& words, const std::filesystem::path& run) {
  std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(), "train",
                                      std::filesystem::absolute(words.config).string()};
  command.insert(command.end(), words.overrides.begin(), words.overrides.end());
  command.push_back("run.dir=" + run.string());
  command.push_back("run.resume=auto");
  return command;
}

void print_how_to_follow(const std::string& job, const std::filesystem::path& run) {
  const std::string text = fmt::format(
      "submitted job {0}\n"
      "  its state          squeue --jobs {0}\n"
      "  the run            tail -F {1}\n"
      "  every rank         {2}/rank-*.log, the job's own messages in job-{0}.log\n"
      "  end it             scancel --batch --signal=TERM {0}   (saves first; `trainer submit --resume` goes on)\n",
      job, quoted(RunPaths(run).log().string()), quoted((run / "slurm").string()));
  std::fputs(text.c_str(), stdout);
}

void write_script(const std::filesystem::path& run, const std::string& script) try {
  make_folder(run / "slurm");  // sbatch makes no folder for its output
  write_file_atomically(run / "submit.sbatch", script);
} catch (const FileError& error) {
  throw ConfigError(fmt::format("run.dir = {} is no place to write: {}", run.string(), error.what()));
}

int submit(const SubmitWords& words) {
  survive_failed_writes();
  const Config config = load(words);
  const std::filesystem::path run = run_folder(config);
  const std::string script = batch_script(words.slurm, run.string(), train_command(words, run));
  if (words.dry_run) {
    std::fputs(script.c_str(), stdout);
    return 0;
  }
  write_script(run, script);
  print_how_to_follow(submit_to_slurm(run / "submit.sbatch"), run);
  return 0;
}

int run_submit(const SubmitWords& words) {
  return file_errors_as<ConfigError>([&] { return submit(words); });
}

}  // namespace

void add_submit_command(CommandLine& line) {
  auto words = std::make_shared<SubmitWords>();
  Command command = line.command("submit", "Train under Slurm: a job that saves before its time limit and comes back");
  SlurmOptions& slurm = words->slurm;
  command.positional("CONFIG", words->config, "YAML file, as `trainer train` takes it");
  command.positional("OVERRIDES", words->overrides, "change keys of the config, for example optimizer.lr=1e-3");
  command.option("--nodes", slurm.nodes, "nodes of the job", Allowed::from(1, 1e6));
  command.option("--gpus-per-node", slurm.gpus_per_node, "GPUs of each node; 0: compute on the CPU",
                 Allowed::from(0, 1024));
  command.option("--tasks-per-node", slurm.tasks_per_node, "ranks of each node; 0: one a GPU, or one a node",
                 Allowed::from(0, 4096));
  command.option("--cpus-per-task", slurm.cpus_per_task, "cores of each rank; 0: the cluster's default",
                 Allowed::from(0, 65536));
  command.option("--time", slurm.time, "time limit of each start, hours:minutes:seconds or days-hours");
  command.option("--save-before", slurm.save_before_s, "seconds before the time limit at which the run saves",
                 Allowed::from(1, 1e6));
  command.option("--partition", slurm.partition, "of the cluster");
  command.option("--account", slurm.account, "that pays");
  command.option("--launcher", slurm.launcher, "srun (with PMIx), or mpirun inside the job");
  command.option("--sbatch-option", slurm.sbatch_options, "any other option of sbatch, such as qos=high; may repeat");
  command.flag("--resume", words->resume, "go on with the run that is there");
  command.flag("--dry-run", words->dry_run, "print the batch script, submit nothing");
  command.footer("The script is launcher/slurm/train.sbatch, filled in; a job's copy stays in RUN/submit.sbatch.");
  command.run([words] { return run_submit(*words); });
}

}  // namespace convoy
