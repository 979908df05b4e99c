#include "launcher/slurm/sbatch.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/base/error.h"
#include "launcher/slurm/batch_script.h"

namespace convoy {
namespace {

constexpr int kNotFound = 127;  // what a shell ends with

struct Said {
  int exit_code = 0;
  std::string text;
};

Said run_and_read(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  // glibc says ENOMEM where a process is missing too.
  if (pipe == nullptr)
    throw std::system_error(errno == ENOMEM ? EAGAIN : errno, std::generic_category(), "cannot start a shell");
  Said said;
  std::array<char, 4096> buffer;
  while (const size_t bytes = std::fread(buffer.data(), 1, buffer.size(), pipe)) said.text.append(buffer.data(), bytes);
  const int status = ::pclose(pipe);
  said.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  while (!said.text.empty() && said.text.back() == '\n') said.text.pop_back();
  return said;
}

}  // namespace

std::string submit_to_slurm(const std::filesystem::path& script) {
  if (run_and_read("command -v sbatch").exit_code != 0)
    throw ConfigError(
        fmt::format("no sbatch on this machine's PATH, so this is no login node of a Slurm cluster; the script is in "
                    "{}: submit it on one, by sbatch {}",
                    script.string(), quoted(script.string())));
  const Said said = run_and_read(fmt::format("sbatch --parsable {} 2>&1", quoted(script.string())));
  if (said.exit_code == kNotFound) throw ConfigError(fmt::format("sbatch cannot be started: {}", said.text));
  if (said.exit_code != 0)
    throw ConfigError(
        fmt::format("sbatch refused {} (exit code {}), saying:\n  {}\nchange the options, or hand sbatch "
                    "more of them by --sbatch-option",
                    script.string(), said.exit_code, said.text));
  // "JOB" or "JOB;CLUSTER", last; warnings may stand before it.
  const std::string last = said.text.substr(said.text.find_last_of('\n') + 1);
  return last.substr(0, last.find(';'));
}

}  // namespace convoy
