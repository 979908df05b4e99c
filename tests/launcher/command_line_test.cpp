// The program as a person meets it: what is said, where, and with which exit code.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/config/config.h"
#include "launcher/config/write_config.h"
#include "tests/launcher/run_trainer.h"

namespace convoy {
namespace {

void expect_refused(const ProgramResult& result, const std::string& message) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.errors.find(message), std::string::npos)
      << "'" << result.errors << "' should say '" << message << "'";
  EXPECT_EQ(result.errors.find("trainer: "), 0u) << result.errors;
  EXPECT_EQ(result.output, "");
}

TEST(TrainerProgram, WithoutACommandListsThem) {
  const ProgramResult result = run_trainer("");
  expect_refused(result, "no command given");
  for (const char* command : {"train", "eval", "generate", "config", "data", "doctor"})
    EXPECT_NE(result.errors.find(fmt::format("  {} ", command)), std::string::npos) << command;
}

TEST(TrainerProgram, HelpOfEveryCommand) {
  for (const char* words : {"", "train", "eval", "generate", "config", "data", "data import-text", "data inspect",
                            "data verify", "doctor"}) {
    const ProgramResult result = run_trainer(fmt::format("{} --help", words));
    EXPECT_EQ(result.exit_code, 0) << words;
    EXPECT_NE(result.output.find("Usage:"), std::string::npos) << words << ": " << result.output;
  }
}

TEST(TrainerProgram, VersionIsSaid) { EXPECT_EQ(run_trainer("--version").output, "trainer " CONVOY_VERSION "\n"); }

TEST(TrainerProgram, UnknownCommandsNameTheNearest) {
  expect_refused(run_trainer("trian"), "no command trian; did you mean train?");
  expect_refused(run_trainer("data inspct"), "trainer data has no command inspct; did you mean inspect?");
  expect_refused(run_trainer("banana"), "there are train, ");
}

TEST(TrainerProgram, UnknownOptionsAndMissingWordsAreRefused) {
  expect_refused(run_trainer("doctor --verbos"), "--verbos");
  expect_refused(run_trainer("data import-text only-one"), "`trainer data import-text --help` explains");
  expect_refused(run_trainer("train"), "CONFIG is required");
}

// Strictly, each within its range: nothing is clamped, rounded or read in part.
TEST(TrainerProgram, NumbersOfOptionsAreReadAsThoseOfConfigs) {
  expect_refused(run_trainer("generate run --seed 99999999999999999999"),
                 "--seed = 99999999999999999999 does not fit 64 bits");
  expect_refused(run_trainer("generate run --seed 1.5"), "--seed = 1.5 is no whole number");
  expect_refused(run_trainer("generate run --seed 0x10"), "write it in decimal digits");
  expect_refused(run_trainer("generate run --seed ''"), "--seed");
  expect_refused(run_trainer("generate run --tokens 0"), "--tokens = 0; at least 1 is wanted");
  expect_refused(run_trainer("generate run --tokens many"), "--tokens = many is no whole number");
  expect_refused(run_trainer("generate run --temperature nan"), "--temperature = nan is not finite");
  expect_refused(run_trainer("generate run --temperature -1"), "--temperature = -1; at least 0 is wanted");
  expect_refused(run_trainer("generate run --top-k -1"), "--top-k = -1; at least 0 is wanted");
  expect_refused(run_trainer("generate run --top-p 0"), "--top-p = 0; more than 0 is wanted");
  expect_refused(run_trainer("generate run --top-p 1.01"), "--top-p = 1.01; at most 1 is wanted");
  expect_refused(run_trainer("data import-text in out --validation 1"), "--validation = 1; less than 1 is wanted");
  expect_refused(run_trainer("data import-text in out --shard-tokens 0"), "--shard-tokens = 0; at least 1 is wanted");
  expect_refused(run_trainer("replay run --step 99999999999999999999"), "--step = 99999999999999999999 does not fit");
  expect_refused(run_trainer("submit c.yaml --cpus-per-task 1e3"),
                 "--cpus-per-task = 1e3 is no whole number; write 1000");
}

// Before anything is opened, in every command: what does not fit is not clamped, nothing is no number.
TEST(TrainerProgram, NumbersThatNobodyCanMeanAreRefused) {
  for (const char* word :
       {"--temperature nan", "--temperature inf", "--temperature -1", "--temperature 1e999", "--temperature \"\"",
        "--top-p nan", "--top-p 0", "--top-p 1.5", "--top-k -1", "--top-k nan", "--seed 99999999999999999999",
        "--seed -99999999999999999999", "--seed 0x10", "--seed \"\"", "--tokens 99999999999999999999", "--tokens 0"})
    expect_refused(run_trainer(fmt::format("generate nowhere {}", word)),
                   std::string(word).substr(0, std::string(word).find(' ')));
  expect_refused(run_trainer("replay nowhere --step 99999999999999999999"),
                 "--step = 99999999999999999999 does not fit");
  expect_refused(run_trainer("data import-text a.txt b --validation nan"), "--validation = nan is not finite");
  expect_refused(run_trainer("submit a.yaml --nodes 99999999999999999999"), "--nodes = 99999999999999999999");
  EXPECT_EQ(run_trainer("generate nowhere --seed -1").exit_code, 4) << "any number of 64 bits is a seed";
}

TEST(TrainerProgram, AConfigFileAloneIsTrained) {
  expect_refused(run_trainer("missing.yaml", "alone"), "no config file missing.yaml");
}

TEST(TrainerProgram, AllMistakesOfAConfigAreTold) {
  expect_refused(run_trainer("config chanels=4 model.layers=x batch.global=30"), "3 mistakes");
}

TEST(TrainerProgram, ConfigPrintsAPageThatIsAConfig) {
  const ProgramResult page = run_trainer("config", "page");
  EXPECT_EQ(page.exit_code, 0);
  std::ofstream(testing::TempDir() + "convoy_cli_page/page.yaml") << page.output;
  const ProgramResult resolved = run_trainer("config page.yaml", "page");
  EXPECT_EQ(resolved.exit_code, 0) << resolved.errors;
  EXPECT_EQ(resolved.output, to_yaml(Config()));
}

TEST(TrainerProgram, ConfigResolvesOverridesWithAndWithoutAFile) {
  const ProgramResult result = run_trainer("config model.preset=gpt2-124m train.steps=7");
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NE(result.output.find("channels: 768"), std::string::npos);
  EXPECT_NE(result.output.find("steps: 7"), std::string::npos);
}

TEST(TrainerProgram, DoctorFindsAllWell) {
  const ProgramResult result = run_trainer("doctor");
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
  for (const char* fact : {"CPU: ", "MPI ", "HDF5 ", "oneDNN ", "rank 0: host ", "all is well"})
    EXPECT_NE(result.output.find(fact), std::string::npos) << fact << " in " << result.output;
}

TEST(TrainerProgram, DoctorFindsRanksStartedAsSeparateWorlds) {
  for (const char* launcher : {"PMI_SIZE=2 PMI_RANK=0", "SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0"}) {
    const ProgramResult result = run_trainer("doctor", "worlds", launcher);
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    EXPECT_NE(result.output.find("2 processes"), std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("all is well"), std::string::npos);
  }
}

TEST(TrainerProgram, DoctorFindsAnImpossibleInstructionSet) {
  const ProgramResult result = run_trainer("doctor", "isa", "CONVOY_CPU_ISA=mmx");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.output.find("CONVOY_CPU_ISA=mmx"), std::string::npos) << result.output;
}

TEST(TrainerProgram, MissingDataHasItsOwnExitCode) {
  EXPECT_EQ(run_trainer("data inspect nowhere").exit_code, 3);
  EXPECT_EQ(run_trainer("data import-text nowhere.txt out").exit_code, 3);
}

TEST(TrainerProgram, AMissingCheckpointHasItsOwnExitCode) {
  EXPECT_EQ(run_trainer("eval nowhere").exit_code, 4);
  EXPECT_EQ(run_trainer("generate nowhere").exit_code, 4);
}

TEST(TrainerProgram, OnlyTheFirstRankTellsAUsageError) {
  EXPECT_NE(run_trainer("trian", "rank", "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0").errors, "");
  const ProgramResult second = run_trainer("trian", "rank", "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1");
  EXPECT_EQ(second.errors, "");
  EXPECT_EQ(second.exit_code, 2);
}

}  // namespace
}  // namespace convoy
