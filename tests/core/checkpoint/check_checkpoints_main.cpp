// Reads every checkpoint in the named RUN/checkpoints folders, checksums included: check_checkpoints FOLDER...
// Prints how many there are. Exit status 1, with the reason, if one that is named like a checkpoint is not whole.
#include <fmt/format.h>

#include <cstdio>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"

int main(int argc, char** argv) try {
  for (int i = 1; i < argc; ++i) {
    const auto found = convoy::list_checkpoints(argv[i]);
    for (const auto& [step, path] : found) {
      const convoy::CheckpointReader reader(path, true);
      if (reader.position().step != step)
        throw convoy::CheckpointError(fmt::format("{} is of step {}", path.string(), reader.position().step));
    }
    fmt::print("{}: {} whole checkpoints\n", argv[i], found.size());
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "check_checkpoints: {}\n", error.what());
  return 1;
}
