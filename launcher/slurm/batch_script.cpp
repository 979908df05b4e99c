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
