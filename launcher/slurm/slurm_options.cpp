#include "launcher/slurm/slurm_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "launcher/slurm/slurm_time.h"

namespace convoy {
namespace {

using Mistakes = std::vector<std::string>;

constexpr int64_t kMost = 1'000'000;        // of anything that is counted
constexpr int64_t kMostSaveBefore = 65535;  // of sbatch --signal
constexpr int64_t kLeastTraining = 60;      // between the start and the signal, which may come a minute early

void check_between(const char* name, int64_t value, int64_t least, int64_t most, Mistakes& mistakes) {
  if (value < least) mistakes.push_back(fmt::format("{} {}; at least {} is wanted", name, value, least));
  if (value > most) mistakes.push_back(fmt::format("{} {}; at most {} is wanted", name, value, most));
}

void check_counts(const SlurmOptions& options, Mistakes& mistakes) {
  check_between("--nodes", options.nodes, 1, kMost, mistakes);
  check_between("--gpus-per-node", options.gpus_per_node, 0, kMost, mistakes);
  check_between("--tasks-per-node", options.tasks_per_node, 0, kMost, mistakes);
  check_between("--cpus-per-task", options.cpus_per_task, 0, kMost, mistakes);
  if (!mistakes.empty()) return;
  check_between("--nodes times --tasks-per-node", options.nodes * tasks_per_node(options), 1, kMost, mistakes);
  if (options.gpus_per_node > 0 && options.tasks_per_node > options.gpus_per_node)
    mistakes.push_back(fmt::format("--tasks-per-node {} with --gpus-per-node {}; at most one rank a GPU can run",
                                   options.tasks_per_node, options.gpus_per_node));
}

// A job that must save as soon as it has begun would be queued again for ever.
void check_times(const SlurmOptions& options, Mistakes& mistakes) {
  const size_t before = mistakes.size();
  check_between("--save-before", options.save_before_s, 1, kMostSaveBefore, mistakes);
  const auto limit = slurm_seconds(options.time);
  if (!limit)
    mistakes.push_back(fmt::format(
        "--time {} is no time; write hours:minutes:seconds, as 24:00:00, or days-hours, as 2-12", options.time));
  if (mistakes.size() > before) return;
  const int64_t least = options.save_before_s + kLeastTraining;
  if (*limit < least)
    mistakes.push_back(fmt::format(
        "--time {} is {} s, of which the last {} are for saving (--save-before) and the rest is less than {} s of "
        "training: the job would be queued again for ever; write --time {} or more, or a smaller --save-before",
        options.time, *limit, options.save_before_s, kLeastTraining, slurm_time(least)));
}

// "time" of "--time=5", "-t 5" and "time=5".
std::string name_of(const std::string& option) {
  const size_t begin = std::min(option.find_first_not_of('-'), option.size());
  return option.substr(begin, option.find_first_of("= ", begin) - begin);
}

// What submit sets itself: a second value would win, unchecked, or take away what lets the job come back.
void check_sbatch_option(const std::string& option, Mistakes& mistakes) {
  struct Own {
    std::string_view name, short_name, remedy;
  };
  static constexpr std::array kOwn = {Own{"nodes", "N", "--nodes says it"},
                                      Own{"time", "t", "--time says it"},
                                      Own{"ntasks-per-node", "", "--tasks-per-node says it"},
                                      Own{"gpus-per-node", "", "--gpus-per-node says it"},
                                      Own{"cpus-per-task", "c", "--cpus-per-task says it"},
                                      Own{"signal", "", "--save-before says it"},
                                      Own{"requeue", "", "the job has it"},
                                      Own{"no-requeue", "", "the job comes back until the run is finished"},
                                      Own{"open-mode", "", "the job's log goes on at every start"}};
  const std::string name = name_of(option);
  if (name.empty()) mistakes.push_back("--sbatch-option is empty; an option of sbatch is wanted, such as qos=high");
  const bool is_short = option.starts_with("-") && !option.starts_with("--");
  for (const Own& own : kOwn)
    if (name == own.name || (is_short && !own.short_name.empty() && name.starts_with(own.short_name)))
      mistakes.push_back(fmt::format("--sbatch-option {}: {}; leave it out", option, own.remedy));
}

}  // namespace

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
}

int64_t tasks_per_node(const SlurmOptions& options) {
  if (options.tasks_per_node > 0) return options.tasks_per_node;
  return std::max<int64_t>(1, options.gpus_per_node);
}

std::vector<std::string> slurm_mistakes(const SlurmOptions& options) {
  Mistakes mistakes;
  check_counts(options, mistakes);
  check_times(options, mistakes);
  if (options.launcher != "srun" && options.launcher != "mpirun")
    mistakes.push_back(fmt::format("--launcher {} is unknown; there are srun and mpirun", options.launcher));
  std::vector<std::string> texts = options.sbatch_options;
  for (const std::string& option : options.sbatch_options) check_sbatch_option(option, mistakes);
  texts.insert(texts.end(), {options.partition, options.account});
  for (const std::string& text : texts)
    if (!is_one_line(text)) mistakes.push_back("a line break in an option of sbatch; one option a line is wanted");
  return mistakes;
}

}  // namespace convoy
