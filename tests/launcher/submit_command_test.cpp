// `trainer submit` with a program named sbatch that writes down what it is given.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/base/files.h"
#include "launcher/slurm/batch_script.h"
#include "launcher/slurm/slurm_time.h"
#include "tests/launcher/run_trainer.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

class SubmitCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "convoy_cli_submit";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "bin");
    std::ofstream(folder_ / "train.yaml") << "model: {channels: 64}\n";
  }

  void sbatch_is(const std::string& commands) {
    const fs::path program = folder_ / "bin/sbatch";
    std::ofstream(program) << "#!/bin/sh\n" << commands << "\n";
    fs::permissions(program, fs::perms::owner_all);
  }

  ProgramResult submit(const std::string& words) const {
    return run_trainer("submit train.yaml run.dir=run " + words, "submit",
                       fmt::format("PATH='{}':/usr/bin:/bin", (folder_ / "bin").string()));
  }

  fs::path folder_;
};

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in " << text;
}

TEST_F(SubmitCommand, DryRunPrintsAScriptThatBashUnderstands) {
  const ProgramResult result =
      submit("--nodes 2 --gpus-per-node 8 --dry-run batch.global=128 --time 2-12 --partition big --account me");
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  for (const char* line :
       {"\n#SBATCH --nodes=2\n", "\n#SBATCH --ntasks-per-node=8\n", "\n#SBATCH --gpus-per-node=8\n",
        "\n#SBATCH --time=2-12\n", "\n#SBATCH --signal=B:USR1@120\n", "\n#SBATCH --requeue\n",
        "\n#SBATCH --partition=big\n", "\n#SBATCH --account=me\n", "\nlauncher=srun ", "run.resume=auto)\n"})
    expect_in(result.output, line);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  std::ofstream(folder_ / "script") << result.output;
  EXPECT_EQ(std::system(fmt::format("bash -n '{}'", (folder_ / "script").string()).c_str()), 0);
}

TEST_F(SubmitCommand, SubmitsTheScriptAndSaysHowToFollowIt) {
  sbatch_is("cp \"$2\" given; test \"$1\" = --parsable && echo '4711;cluster'");
  const ProgramResult result =
      submit("--tasks-per-node 2 --launcher mpirun --sbatch-option qos=high --sbatch-option=--mem=0");
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  expect_in(result.output, "submitted job 4711\n");
  expect_in(result.output, "squeue --jobs 4711");
  const std::string script = read_file(folder_ / "given");
  EXPECT_EQ(script, read_file(folder_ / "run/submit.sbatch"));
  expect_in(script, "#SBATCH --qos=high\n#SBATCH --mem=0\n");
  expect_in(script, "\nlauncher=mpirun ");
  EXPECT_TRUE(fs::is_directory(folder_ / "run/slurm")) << "sbatch makes no folder for its output";
}

TEST_F(SubmitCommand, AllMistakesAreToldAtOnce) {
  const ProgramResult result =
      submit("--gpus-per-node 1 --tasks-per-node 2 --time soon --launcher slurp chanels=3 batch.micro=0");
  EXPECT_EQ(result.exit_code, 2);
  for (const char* part : {"--tasks-per-node 2 with", "--time soon", "--launcher slurp", "chanels", "batch.micro = 0"})
    expect_in(result.errors, part);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(SubmitCommand, NumbersOutOfTheirRangeAreRefused) {
  const ProgramResult result = submit("--nodes 0");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "--nodes = 0; at least 1 is wanted");
}

TEST_F(SubmitCommand, ATimeThatLeavesNothingForTrainingIsRefused) {
  for (const char* words : {"--time 0:01:00", "--time 1", "--time 2:00", "--time 0-0:2",
                            "--time 18:00:00 --save-before 65000", "--time 30 --save-before 1741"}) {
    const ProgramResult result = submit(fmt::format("--dry-run {}", words));
    EXPECT_EQ(result.exit_code, 2) << words;
    expect_in(result.errors, "the job would be queued again for ever; write --time ");
  }
  expect_in(submit("--time 0:01:00").errors, "--time 0:01:00 is 60 s, of which the last 120 are for saving");
  expect_in(submit("--time 0:01:00").errors, "write --time 00:03:00 or more");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  for (const char* words : {"--time 3", "--time 2:01", "--time 0", "--time UNLIMITED", "--time infinite", "--time 1-0",
                            "--time 30 --save-before 1740"})
    EXPECT_EQ(submit(fmt::format("--dry-run {}", words)).exit_code, 0) << words;
}

TEST_F(SubmitCommand, ValuesThatCanNeverWorkAreRefused) {
  for (const char* words : {"--nodes 0",
                            "--nodes -1",
                            "--nodes 1000001",
                            "--nodes 2000 --tasks-per-node 2000",
                            "--gpus-per-node -1",
                            "--tasks-per-node -3",
                            "--cpus-per-task -1",
                            "--save-before 0",
                            "--save-before -5",
                            "--save-before 70000",
                            "--save-before nan",
                            "--nodes inf",
                            "--time ''",
                            "--time -5",
                            "--time 1-",
                            "--time 1:2:3:4",
                            "--time 99999999999",
                            "--time nan",
                            "--sbatch-option ''",
                            "--sbatch-option time=1",
                            "--sbatch-option=--time=1",
                            "--sbatch-option=-t1",
                            "--sbatch-option signal=USR1",
                            "--sbatch-option=--no-requeue"}) {
    const ProgramResult result = submit(fmt::format("--dry-run {}", words));
    EXPECT_EQ(result.exit_code, 2) << words;
    EXPECT_FALSE(result.errors.empty()) << words;
    EXPECT_EQ(result.errors.find("internal error"), std::string::npos) << result.errors;
  }
  EXPECT_EQ(submit("--dry-run --sbatch-option time-min=10 --sbatch-option nodelist=a").exit_code, 0);
}

TEST(SlurmTime, IsReadAsSbatchReadsIt) {
  EXPECT_EQ(slurm_seconds("5"), 5 * 60);
  EXPECT_EQ(slurm_seconds("5:30"), 6 * 60) << "whole minutes, rounded up";
  EXPECT_EQ(slurm_seconds("1:00:00"), 3600);
  EXPECT_EQ(slurm_seconds("2-12"), 60 * 3600);
  EXPECT_EQ(slurm_seconds("1-2:3"), 26 * 3600 + 3 * 60);
  EXPECT_EQ(slurm_seconds("1-02:03:04"), 26 * 3600 + 4 * 60);
  for (const char* forever : {"UNLIMITED", "infinite", "0", "0:00", "0-0"})
    EXPECT_EQ(slurm_seconds(forever), kUnlimited);
  for (const char* nonsense : {"", "soon", "-5", "1-", "-1", "1:2:3:4", "1.5", " 5", "99999999999", "1-2-3"})
    EXPECT_EQ(slurm_seconds(nonsense), std::nullopt) << nonsense;
  for (const int64_t seconds : {60, 180, 3600, 86400, 90000})
    EXPECT_EQ(slurm_seconds(slurm_time(seconds)), seconds) << slurm_time(seconds);
}

TEST_F(SubmitCommand, ABatchThatDoesNotSplitOverTheRanksIsRefused) {
  const ProgramResult result = submit("--nodes 3 --dry-run");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "batch.global = 32 is not a multiple");
}

TEST_F(SubmitCommand, ARunThatExistsIsNotContinuedUnasked) {
  fs::create_directories(folder_ / "run");
  std::ofstream(folder_ / "run/config.yaml") << "{}\n";
  const ProgramResult result = submit("--dry-run");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "there is a run in run already; go on with it by --resume");
  EXPECT_EQ(submit("--dry-run --resume").exit_code, 0);
}

TEST_F(SubmitCommand, WhatSbatchSaysAgainstItIsTold) {
  sbatch_is("echo 'sbatch: error: invalid partition specified: moon' >&2; exit 1");
  const ProgramResult result = submit("--partition moon");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "sbatch refused");
  expect_in(result.errors, "invalid partition specified: moon");
}

TEST_F(SubmitCommand, WithoutSbatchTheRemedyIsTold) {
  const ProgramResult result = run_trainer("submit train.yaml run.dir=run", "submit", "PATH=/nowhere");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "no sbatch on this machine's PATH");
}

TEST(BatchScript, WordsWithSpacesAndQuotesStayWords) {
  EXPECT_EQ(quoted("run.dir=a/b"), "run.dir=a/b");
  EXPECT_EQ(quoted("it's a b"), R"('it'\''s a b')");
  EXPECT_EQ(quoted(""), "''");
  const std::string script = batch_script({}, "/runs/50% done", {"/bin/trainer", "a b"});
  expect_in(script, "trainer=(/bin/trainer 'a b')");
  expect_in(script, "#SBATCH --output=\"/runs/50%% done/slurm/job-%j.log\"");
}

// Quotes and line breaks in a run's name end no #SBATCH line early, and Slurm takes a backslash for an escape.
TEST_F(SubmitCommand, OddNamesOfRuns) {
  const ProgramResult result = submit("--dry-run run.dir='$(touch here) \"x\" `a` it'\\''s %j'");
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  expect_in(result.output, "\n#SBATCH --job-name=\"__touch here_ _x_ _a_ it_s _j\"\n");
  expect_in(result.output, "/$(touch here) \\\"x\\\" `a` it's %%j/slurm/job-%j.log\"\n");
  expect_in(result.output, "/$(touch here) \"x\" `a` it'\\''s %j'\n");
  const ProgramResult backslash = submit("--dry-run run.dir='a\\b'");
  EXPECT_EQ(backslash.exit_code, 2);
  expect_in(backslash.errors, "a backslash in its path");
  EXPECT_EQ(submit("--dry-run run.dir=\"$(printf 'a\\nb')\"").exit_code, 2);
  EXPECT_EQ(submit("--dry-run run.dir=\"$(printf 'caf\\351')\"").exit_code, 0);
}

TEST_F(SubmitCommand, ARunFolderThatCannotBeWrittenIsNamed) {
  sbatch_is("echo 1");
  std::ofstream(folder_ / "file") << "in the way";
  const ProgramResult result = submit("run.dir=file/run");
  EXPECT_EQ(result.exit_code, 2);
  expect_in(result.errors, "file/run is no place to write: cannot make folder");
}

TEST(BatchScript, AllNamesMustBeKnown) {
  EXPECT_EQ(fill_template("a@X@@Y_Z@b@c", {{"X", "1"}, {"Y_Z", "@X@"}}), "a1@X@b@c");
  EXPECT_ANY_THROW(fill_template("@X@", {}));
}

}  // namespace
}  // namespace convoy
