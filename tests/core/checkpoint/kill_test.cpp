// kill -9 of a writing process at random moments: what is named a checkpoint is whole and good.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

// So many ranks, threads of a process.
pid_t start_writer(const std::filesystem::path& folder, int size) {
  const std::string program = CONVOY_CHECKPOINT_WRITER, path = folder.string(), size_text = std::to_string(size);
  const char* const arguments[] = {program.c_str(), path.c_str(), size_text.c_str(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), nullptr, nullptr, const_cast<char**>(arguments), environ), 0);
  return child;
}

void kill_writer(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// Every checkpoint that has a name is complete, not only the newest.
int64_t expect_all_good(const std::filesystem::path& folder) {
  int64_t newest = 0;
  for (const auto& [step, path] : list_checkpoints(folder)) {
    ToyState(step).expect_equal(CheckpointReader(path, true));
    newest = step;
  }
  if (newest > 0) {
    EXPECT_EQ(find_checkpoint(folder)->filename(), checkpoint_name(newest));
  }
  return newest;
}

// Microseconds that `size` ranks need for three checkpoints here and now; fsync takes from microseconds to seconds.
unsigned time_for_three(int size) {
  TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = start_writer(folder.path(), size);
  const auto elapsed = [&] { return std::chrono::steady_clock::now() - start; };
  while (!std::filesystem::exists(folder / "step-00000003") && elapsed() < std::chrono::seconds(60)) ::usleep(1000);
  kill_writer(child);
  EXPECT_GE(expect_all_good(folder.path()), 3) << "the writers do not write";
  return static_cast<unsigned>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed()).count());
}

void expect_all_good_after_kills(int size, int rounds) {
  TemporaryFolder folder;
  std::mt19937 random(std::random_device{}());
  const unsigned time_us = time_for_three(size);
  for (int round = 0; round < rounds; ++round) {
    const pid_t child = start_writer(folder.path(), size);
    ::usleep(static_cast<useconds_t>(random() % time_us));
    kill_writer(child);
    expect_all_good(folder.path());
    if (testing::Test::HasFailure()) return;
    if (round % 8 == 7) remove_unfinished_checkpoints(folder.path());
  }
}

TEST(CheckpointKill, OneWriter) { expect_all_good_after_kills(1, 30); }

// That one of several processes is killed is tested by integration/random_kill_test.sh.
TEST(CheckpointKill, ThreeWriters) { expect_all_good_after_kills(3, 10); }

}  // namespace
}  // namespace convoy
