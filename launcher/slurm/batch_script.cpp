#include "launcher/slurm/batch_script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <string_view>

#include "core/base/error.h"
#include "launcher/slurm/batch_template.h"

namespace convoy {
namespace {

constexpr int kMostCrashes = 3;  // starts in a row that end before their first checkpoint

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
}

// As sbatch reads it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]].
bool is_slurm_time(const std::string& text) {
  static const std::regex kTime(R"(\d+(:\d+){0,2}|\d+-\d+(:\d+){0,2}|UNLIMITED|INFINITE)", std::regex::icase);
  return std::regex_match(text, kTime);
}

// What squeue shows; other characters would need quotes that sbatch understands.
std::string job_name(const std::string& run) {
  std::string name = std::filesystem::path(run).filename().string();
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) {
        return c < 0x80 && !std::isalnum(c) && std::string_view("._-+=:,@ ").find(char(c)) == std::string_view::npos;
      },
      '_');
  return name;
}

// Slurm fills in %j and its like, in any folder's name too.
std::string slurm_file_name(const std::string& path) {
  return std::regex_replace(std::regex_replace(path, std::regex("%"), "%%"), std::regex("\""), "\\\"");
}

std::string option_line(const std::string& option) {
  return fmt::format("#SBATCH {}{}", option.starts_with("-") ? "" : "--", option);
}

// Lines end at the template's own.
std::string resource_lines(const SlurmOptions& options) {
  std::vector<std::string> lines;
  if (options.gpus_per_node > 0) lines.push_back(option_line(fmt::format("gpus-per-node={}", options.gpus_per_node)));
  if (options.cpus_per_task > 0) lines.push_back(option_line(fmt::format("cpus-per-task={}", options.cpus_per_task)));
  if (lines.empty()) lines.push_back("# (no GPUs asked for)");
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string more_options(const SlurmOptions& options) {
  std::vector<std::string> lines;
  if (!options.partition.empty()) lines.push_back(option_line("partition=" + options.partition));
  if (!options.account.empty()) lines.push_back(option_line("account=" + options.account));
  for (const std::string& option : options.sbatch_options) lines.push_back(option_line(option));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

int64_t tasks_per_node(const SlurmOptions& options) {
  if (options.tasks_per_node > 0) return options.tasks_per_node;
  return std::max<int64_t>(1, options.gpus_per_node);
}

std::vector<std::string> slurm_mistakes(const SlurmOptions& options) {
  std::vector<std::string> mistakes;
  if (options.gpus_per_node > 0 && options.tasks_per_node > options.gpus_per_node)
    mistakes.push_back(fmt::format("--tasks-per-node {} with --gpus-per-node {}; at most one rank a GPU can run",
                                   options.tasks_per_node, options.gpus_per_node));
  if (!is_slurm_time(options.time))
    mistakes.push_back(fmt::format(
        "--time {} is no time; write hours:minutes:seconds, as 24:00:00, or days-hours, as 2-12", options.time));
  if (options.launcher != "srun" && options.launcher != "mpirun")
    mistakes.push_back(fmt::format("--launcher {} is unknown; there are srun and mpirun", options.launcher));
  std::vector<std::string> texts = options.sbatch_options;
  texts.insert(texts.end(), {options.partition, options.account});
  for (const std::string& text : texts)
    if (!is_one_line(text)) mistakes.push_back("a line break in an option of sbatch; one option a line is wanted");
  return mistakes;
}

std::optional<std::string> run_folder_mistake(const std::string& run) {
  if (is_one_line(run) && run.find('\\') == std::string::npos) return std::nullopt;
  return fmt::format(
      "run.dir = {} has a {} in its path, which the name of a Slurm job's output file cannot have; choose another "
      "run.dir",
      run, is_one_line(run) ? "backslash" : "line break or control character");
}

std::string fill_template(const std::string& text, const std::vector<TemplateValue>& values) {
  static const std::regex kName("@([A-Z_]+)@");
  std::string filled;
  auto rest = text.begin();
  for (std::sregex_iterator match(text.begin(), text.end(), kName), end; match != end; ++match) {
    const std::string name = (*match)[1];
    const auto value = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.name == name; });
    if (value == values.end()) throw InternalError(fmt::format("train.sbatch asks for an unknown @{}@", name));
    filled.append(rest, (*match)[0].first).append(value->value);
    rest = (*match)[0].second;
  }
  return filled.append(rest, text.end());
}

std::string quoted(const std::string& word) {
  static const std::regex kPlain("[A-Za-z0-9_./:=,+-]+");
  if (std::regex_match(word, kPlain)) return word;
  return fmt::format("'{}'", std::regex_replace(word, std::regex("'"), R"('\'')"));
}

std::string batch_script(const SlurmOptions& options, const std::string& run,
                         const std::vector<std::string>& train_command) {
  std::vector<std::string> words;
  std::transform(train_command.begin(), train_command.end(), std::back_inserter(words), quoted);
  return fill_template(kBatchTemplate, {{"JOB_NAME", fmt::format("\"{}\"", job_name(run))},
                                        {"NODES", fmt::format("{}", options.nodes)},
                                        {"TASKS_PER_NODE", fmt::format("{}", tasks_per_node(options))},
                                        {"RESOURCES", resource_lines(options)},
                                        {"TIME", options.time},
                                        {"SAVE_BEFORE_S", fmt::format("{}", options.save_before_s)},
                                        {"OUTPUT", slurm_file_name(run) + "/slurm/job-%j.log"},
                                        {"MORE_OPTIONS", more_options(options)},
                                        {"TRAIN_COMMAND", fmt::format("{}", fmt::join(words, " "))},
                                        {"RUN", quoted(run)},
                                        {"LAUNCHER", options.launcher},
                                        {"MOST_CRASHES", fmt::format("{}", kMostCrashes)}});
}

}  // namespace convoy
