// Data that one rank cannot read: found before the first step, or without losing a step.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/comm/fail_together.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_config;
using test::toy_run;
using test::ToyParts;

// Reading this sample finds damage.
ToyParts damaged_at(Split damaged_split, int64_t damaged_sample) {
  return {.before_sample = [=](Split split, int64_t sample) {
    if (split == damaged_split && sample == damaged_sample) throw DataError("sample 100 is damaged");
  }};
}

std::string failure(const Config& config, int ranks, const ToyParts& parts) {
  try {
    toy_run(config, ranks, parts);
  } catch (const Error& error) {
    EXPECT_TRUE(ranks == 1 || dynamic_cast<const SharedError*>(&error) != nullptr) << "not every rank threw it";
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.what();
  }
  return "nothing";
}

// 16 samples a step: sample 100 belongs to step 7.
TEST(DamagedData, InALaterStepCostsNoStep) {
  for (const int ranks : {1, 2, 4}) {
    SCOPED_TRACE(testing::Message() << ranks << " ranks");
    const TemporaryFolder folder;
    ToyParts parts = damaged_at(Split::train, 100);
    parts.checkpoints = folder.path() / "checkpoints";
    EXPECT_EQ(failure(toy_config(), ranks, parts),
              "sample 100 is damaged; step 6 is saved: once the data is mended, go on with run.resume=must");
    const auto saved = find_checkpoint(parts.checkpoints);
    ASSERT_TRUE(saved);
    EXPECT_EQ(saved->filename(), "step-00000006");
    EXPECT_EQ(CheckpointReader(*saved, true).position().samples, 6 * 16);
  }
}

TEST(DamagedData, InTheFirstStepOrInTheValidationSplitIsFoundBeforeTheFirstStep) {
  Config config = toy_config();
  config.evaluate.every_steps = 5;
  for (const int ranks : {1, 2, 4})
    for (const auto& [split, sample] : {std::pair{Split::train, 3}, {Split::validation, 12}}) {
      SCOPED_TRACE(testing::Message() << ranks << " ranks, sample " << sample);
      const TemporaryFolder folder;
      ToyParts parts = damaged_at(split, sample);
      parts.checkpoints = folder.path() / "checkpoints";
      EXPECT_EQ(failure(config, ranks, parts), "sample 100 is damaged");
      EXPECT_FALSE(find_checkpoint(parts.checkpoints));
    }
}

TEST(DamagedData, ThatIsNeverReachedDoesNotMatter) {
  EXPECT_EQ(toy_run(toy_config(), 2, damaged_at(Split::train, 12 * 16)).losses.size(), 12u);
}

}  // namespace
}  // namespace convoy
