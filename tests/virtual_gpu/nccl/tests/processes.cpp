#include "tests/virtual_gpu/nccl/tests/processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

extern char** environ;

namespace convoy {
namespace {
int status_of_process(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t start_rank(const std::string& scenario, int rank, int ranks, const ncclUniqueId& id, const std::string& log,
                 const std::string& fault) {
  std::vector<std::string> arguments = {"/proc/self/exe",      "rank",     scenario, std::to_string(rank),
                                        std::to_string(ranks), id.internal};
  std::vector<std::string> variables = {"VGPU_SEED=" + std::to_string(rank * 7 + 1), "VGPU_NCCL_FAULT=" + fault};
  std::vector<char*> argv, env;
  for (std::string& a : arguments) argv.push_back(a.data());
  for (char** e = environ; *e; ++e)
    if (strncmp(*e, "VGPU_SEED=", 10) && strncmp(*e, "VGPU_NCCL_FAULT=", 16)) env.push_back(*e);
  for (std::string& v : variables) env.push_back(v.data());
  argv.push_back(nullptr);
  env.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t process = 0;
  const int error = posix_spawn(&process, argv[0], &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error) throw std::runtime_error(std::string("cannot start a rank: ") + strerror(error));
  return process;
}
}  // namespace

Outcome run_processes(const std::string& scenario, int ranks, const std::string& fault) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string log = testing::TempDir() + "virtual_nccl_" + scenario + "_" + std::to_string(getpid());
  std::filesystem::remove(log);
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  std::vector<pid_t> processes;
  for (int r = 0; r < ranks; ++r) processes.push_back(start_rank(scenario, r, ranks, id, log, fault));
  Outcome outcome;
  for (const pid_t process : processes) outcome.statuses.push_back(status_of_process(process));
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::ifstream file(log);
  outcome.errors.assign(std::istreambuf_iterator<char>(file), {});
  std::filesystem::remove(log);
  return outcome;
}
}  // namespace convoy
