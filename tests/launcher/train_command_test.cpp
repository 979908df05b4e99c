// A whole small run through the program: the run folder, its refusal, going on, and what is said.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/files.h"
#include "tests/launcher/run_trainer.h"

namespace convoy {
namespace {

constexpr const char* kFolder = "train";

ProgramResult trainer(const std::string& words) { return run_trainer(words, kFolder); }

class TrainCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::filesystem::remove_all(folder());
    std::filesystem::create_directories(folder());
    std::ofstream text(folder() / "text.txt");
    for (int line = 0; line < 200; ++line) text << "line " << line << " of a text that repeats itself\n";
    text.close();
    std::ofstream(folder() / "train.yaml") << "run: {dir: run}\n"
                                              "data: {path: data}\n"
                                              "model: {layers: 1, heads: 2, channels: 8, context: 8}\n"
                                              "batch: {micro: 2, global: 4}\n"
                                              "train: {steps: 4}\n"
                                              "evaluate: {batches: 2}\n";
    ASSERT_EQ(trainer("data import-text text.txt data").exit_code, 0);
    const ProgramResult run = trainer("train train.yaml");
    ASSERT_EQ(run.exit_code, 0) << run.errors;
    output_ = run.output;
  }
  static std::filesystem::path folder() {
    return std::filesystem::path(testing::TempDir()) / (std::string("convoy_cli_") + kFolder);
  }
  static std::string output_;
};
std::string TrainCommand::output_;

TEST_F(TrainCommand, LeavesTheFilesOfARun) {
  for (const char* name :
       {"config.yaml", "metrics.jsonl", "log.txt", "checkpoints/latest", "checkpoints/step-00000004/model.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(folder() / "run" / name)) << name;
}

TEST_F(TrainCommand, TellsPlainLinesWhereThereIsNoTerminal) {
  for (const char* part :
       {"model   gpt2: 1 layers", "step 1/4  loss ", "step 4/4  loss ", "eval  step 4: ", "save  step 4"})
    EXPECT_NE(output_.find(part), std::string::npos) << part << " in " << output_;
  EXPECT_EQ(output_.find('\r'), std::string::npos);
  EXPECT_NE(read_file(folder() / "run" / "log.txt").find("  step 4/4  loss "), std::string::npos);
}

TEST_F(TrainCommand, AnExistingRunIsNeverOverwritten) {
  const std::string before = read_file(folder() / "run" / "metrics.jsonl");
  const ProgramResult again = trainer("train train.yaml");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_NE(again.errors.find("never overwritten; go on with it by --resume"), std::string::npos) << again.errors;
  EXPECT_EQ(read_file(folder() / "run" / "metrics.jsonl"), before);
}

TEST_F(TrainCommand, AFinishedRunCanBeMadeLonger) {
  ASSERT_EQ(trainer("train train.yaml run.dir=twice checkpoint.every_steps=2").exit_code, 0);
  std::filesystem::resize_file(folder() / "twice/checkpoints/step-00000004/model.safetensors", 100);
  const ProgramResult result = trainer("eval twice");
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output.find("warning"), std::string::npos) << result.output;
  EXPECT_NE(result.errors.find("step-00000004"), std::string::npos) << result.errors;
  EXPECT_NE(result.errors.find("trainer: warning: "), std::string::npos) << result.errors;
  EXPECT_EQ(result.errors.find("["), std::string::npos) << "a raw time stamp: " << result.errors;
}

}  // namespace
}  // namespace convoy
