#include "tests/launcher/run_trainer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/files.h"

namespace convoy {

ProgramResult run_trainer(const std::string& words, const std::string& folder_name, const std::string& environment) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("convoy_cli_" + folder_name);
  std::filesystem::create_directories(folder);
  const int status = std::system(fmt::format("cd '{}' && env {} '{}' {} >stdout.txt 2>stderr.txt </dev/null",
                                             folder.string(), environment, CONVOY_TRAINER, words)
                                     .c_str());
  const int exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {exit_code, read_file(folder / "stdout.txt"), read_file(folder / "stderr.txt")};
}

}  // namespace convoy
