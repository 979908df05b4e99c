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
  std::filesystem::copy(folder() / "run", folder() / "longer", std::filesystem::copy_options::recursive);
  const ProgramResult longer = trainer("train train.yaml --resume run.dir=longer train.steps=6");
  EXPECT_EQ(longer.exit_code, 0) << longer.errors;
  EXPECT_NE(longer.output.find("changed since the last start: train.steps: 4 -> 6"), std::string::npos)
      << longer.output;
  EXPECT_NE(longer.output.find("step 5/6"), std::string::npos) << longer.output;
}

TEST_F(TrainCommand, AnotherModelCannotGoOn) {
  const ProgramResult other = trainer("train train.yaml --resume model.layers=2");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.errors.find("model.layers: 1 -> 2"), std::string::npos) << other.errors;
}

TEST_F(TrainCommand, RefusedStartsLeaveNothingBehind) {
  EXPECT_EQ(trainer("train train.yaml run.dir=none data.path=nowhere").exit_code, 3);
  EXPECT_EQ(trainer("train train.yaml run.dir=none device=cuda").exit_code, 2);
  EXPECT_EQ(trainer("train train.yaml run.dir=none parallel.virtual_ranks=3").exit_code, 2);
  EXPECT_EQ(trainer("train train.yaml run.dir=none run.resume=must").exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder() / "none"));
}

TEST_F(TrainCommand, EvalAndGenerateReadTheRun) {
  EXPECT_EQ(trainer("eval run").exit_code, 0);
  const ProgramResult text = trainer("generate run --prompt line --tokens 20");
  EXPECT_EQ(text.exit_code, 0) << text.errors;
  EXPECT_EQ(text.output.find("line"), 0u) << text.output;
  EXPECT_EQ(text.output.size(), 4 + 20 + 1u) << text.output;
}

}  // namespace
}  // namespace convoy
