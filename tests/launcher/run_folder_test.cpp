#include "launcher/run_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/models/gpt2_family.h"
#include "core/optimizer/makers.h"
#include "launcher/config/write_config.h"

namespace convoy {
namespace {

class RunFolders : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(root_);
    config_.run.dir = (root_ / "run").string();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string error() {
    try {
      prepare_run_folder(config_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  void expect_error(const std::string& part) {
    const std::string message = error();
    EXPECT_NE(message.find(part), std::string::npos) << "'" << message << "' should say '" << part << "'";
  }
  // A start that goes well.
  RunFolder begin() {
    RunFolder run = prepare_run_folder(config_);
    run.begin(config_);
    return run;
  }
  std::string stored() {
    std::ifstream file(root_ / "run" / "config.yaml");
    return (std::ostringstream() << file.rdbuf()).str();
  }

  std::filesystem::path root_ = std::filesystem::path(testing::TempDir()) / "convoy_run_folders";
  Config config_;
};

TEST_F(RunFolders, ANewRunHoldsItsResolvedConfig) {
  const RunFolder run = begin();
  EXPECT_FALSE(run.existed());
  EXPECT_EQ(stored(), to_yaml(config_));
}

TEST_F(RunFolders, TheOutcomeIsOfTheLastStart) {
  RunFolder run = begin();
  EXPECT_FALSE(std::filesystem::exists(root_ / "run" / "outcome.json"));
  run.end(85, 130);
  EXPECT_EQ(read_file(root_ / "run" / "outcome.json"), "{\"exit_code\": 85, \"step\": 130}\n");
  run.begin(config_);
  EXPECT_FALSE(std::filesystem::exists(root_ / "run" / "outcome.json")) << "nobody may take it for this start's";
}

TEST_F(RunFolders, AStartThatNeverBeginsLeavesNothing) {
  {
    const RunFolder run = prepare_run_folder(config_);
    std::ofstream(root_ / "run" / "log.txt") << "it said something";
  }
  EXPECT_FALSE(std::filesystem::exists(root_ / "run"));
}

TEST_F(RunFolders, AStartThatNeverBeginsLeavesWhatWasInItsFolder) {
  std::filesystem::create_directories(root_ / "run");
  std::ofstream(root_ / "run" / "notes.txt") << "of the user";
  {
    const RunFolder run = prepare_run_folder(config_);
    for (const char* name : {"log.txt", "metrics.jsonl", "events.out.tfevents.1"})
      std::ofstream(root_ / "run" / name) << "of the start";
    std::filesystem::create_directories(root_ / "run" / "checkpoints");
  }
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(root_ / "run"))
    left.push_back(entry.path().filename().string());
  EXPECT_EQ(left, std::vector<std::string>{"notes.txt"});
}

// A run whose config.yaml was lost still has its checkpoints.
TEST_F(RunFolders, AStartThatNeverBeginsKeepsEarlierCheckpoints) {
  const std::filesystem::path weights = root_ / "run" / "checkpoints" / "step-00000001" / "model.safetensors";
  std::filesystem::create_directories(weights.parent_path());
  std::ofstream(weights) << "weights";
  std::ofstream(root_ / "run" / "metrics.jsonl") << "{}";
  { const RunFolder run = prepare_run_folder(config_); }
  EXPECT_TRUE(std::filesystem::exists(weights));
  EXPECT_TRUE(std::filesystem::exists(root_ / "run" / "metrics.jsonl"));
}

TEST_F(RunFolders, AResumeThatNeverBeginsChangesNothing) {
  begin();
  const std::string before = stored();
  config_.run.resume = Resume::must;
  config_.run.seed = 5;
  { const RunFolder run = prepare_run_folder(config_); }
  EXPECT_EQ(stored(), before);
}

TEST_F(RunFolders, AnExistingRunIsRefusedWithTheRemedies) {
  begin();
  expect_error("already, and it is never overwritten; go on with it by --resume, choose another run.dir, or remove");
}

TEST_F(RunFolders, ResumeGoesOnAndTellsWhatChanged) {
  begin();
  config_.run.resume = Resume::automatic;
  config_.optimizer.kind.as<AdamWMaker>()->lr = 1e-3;
  config_.parallel.threads.value = 1;  // changes nothing that is computed
  const RunFolder run = begin();
  EXPECT_TRUE(run.existed());
  EXPECT_EQ(run.changes(), std::vector<std::string>{"optimizer.lr: 0.003 -> 0.001"});
  EXPECT_EQ(stored(), to_yaml(config_));
}

TEST_F(RunFolders, ResumeAutoBeginsWhereThereIsNothing) {
  config_.run.resume = Resume::automatic;
  EXPECT_FALSE(prepare_run_folder(config_).existed());
}

TEST_F(RunFolders, ResumeMustFailsWhereThereIsNothing) {
  config_.run.resume = Resume::must;
  expect_error("no run to resume");
  EXPECT_FALSE(std::filesystem::exists(root_ / "run")) << "a refused start leaves nothing behind";
}

TEST_F(RunFolders, AnotherModelCannotGoOn) {
  begin();
  config_.run.resume = Resume::must;
  config_.model.family.as<Gpt2Family>()->sizes.layers = 8;
  expect_error("model.layers: 4 -> 8");
  config_.run.resume = Resume::never;
  config_.model.family.as<Gpt2Family>()->sizes.layers = 4;
  EXPECT_EQ(stored(), to_yaml(config_)) << "a refused resume changes nothing";
}

TEST_F(RunFolders, AStartThatDiedBeforeItsConfigIsNoRun) {
  std::filesystem::create_directories(root_ / "run");
  std::ofstream(root_ / "run" / ".config.yaml.tmp") << "run:";
  EXPECT_FALSE(prepare_run_folder(config_).existed());
}

TEST_F(RunFolders, TwoProcessesCannotTrainInOneFolder) {
  const RunFolder first = prepare_run_folder(config_);
  config_.run.resume = Resume::automatic;
  FolderLock lock;
  EXPECT_FALSE(lock.acquire(root_ / "run", 0));
}

TEST_F(RunFolders, TheLockEndsWithItsOwner) {
  { const RunFolder first = prepare_run_folder(config_); }
  FolderLock lock;
  EXPECT_TRUE(lock.acquire(root_ / "run", 0));
}

TEST_F(RunFolders, AFileInTheWayIsSaid) {
  std::filesystem::create_directories(root_);
  std::ofstream(root_ / "run") << "a file";
  expect_error("is no place to write");
}

TEST_F(RunFolders, ADamagedConfigOfTheRunIsSaidAndKept) {
  begin();
  std::ofstream(root_ / "run" / "config.yaml") << "model: {layers: ";
  config_.run.resume = Resume::must;
  expect_error("config.yaml");
  EXPECT_EQ(stored(), "model: {layers: ");
}

}  // namespace
}  // namespace convoy
