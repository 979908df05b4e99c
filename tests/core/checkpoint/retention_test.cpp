#include "core/checkpoint/retention.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

using Steps = std::set<int64_t>;

// Saved every 10 steps, evaluated every 20, best at 40, then 80, then 20.
std::vector<CheckpointFacts> hundred_steps() {
  const Evaluation at20{20, 3.0}, at40{40, 1.0}, at60{60, 5.0}, at80{80, 2.0}, at100{100, 4.0};
  return {{10, std::nullopt}, {20, at20}, {30, at20}, {40, at40}, {50, at40},
          {60, at60},         {70, at60}, {80, at80}, {90, at80}, {100, at100}};
}

TEST(Retention, TheThreeRulesAlone) {
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 3}), (Steps{80, 90, 100}));
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 1, .keep_best = 2}), (Steps{40, 80, 100}));
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 1, .keep_every = 30}), (Steps{30, 60, 90, 100}));
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 0, .keep_best = 1, .keep_every = 30}).size(), 10u);
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 99}).size(), 10u);
  EXPECT_EQ(checkpoints_to_keep({}, {.keep_last = 1, .keep_best = 1, .keep_every = 1}), Steps{});
}

TEST(Retention, EveryCombinationIsTheUnionOfItsRules) {
  for (const int64_t last : {1, 2, 5})
    for (const int64_t best : {0, 1, 3, 99})
      for (const int64_t every : {0, 10, 40, 1000}) {
        const auto of = [&](const Retention& retention) { return checkpoints_to_keep(hundred_steps(), retention); };
        Steps wanted = of({.keep_last = last});
        wanted.merge(of({.keep_last = 1, .keep_best = best}));
        wanted.merge(of({.keep_last = 1, .keep_every = every}));
        EXPECT_EQ(of({last, best, every}), wanted) << last << " " << best << " " << every;
      }
}

TEST(Retention, OneCheckpointForEachEvaluation) {
  EXPECT_EQ(checkpoints_to_keep(hundred_steps(), {.keep_last = 1, .keep_best = 3}), (Steps{20, 40, 80, 100}));
  std::vector<CheckpointFacts> late = hundred_steps();
  late.erase(late.begin() + 3);  // step 40 is gone: the next one saved after its evaluation stands for it
  EXPECT_EQ(checkpoints_to_keep(late, {.keep_last = 1, .keep_best = 1}), (Steps{50, 100}));
  EXPECT_EQ(checkpoints_to_keep({{10, Evaluation{10, 2.0}}, {20, Evaluation{20, 2.0}}, {30, std::nullopt}},
                                {.keep_last = 1, .keep_best = 1}),
            (Steps{20, 30}))
      << "of equal losses the later one";
}

TEST(Retention, TheScoreIsComparedWhereThereIsOne) {
  std::vector<CheckpointFacts> facts = hundred_steps();
  for (CheckpointFacts& checkpoint : facts)
    if (checkpoint.evaluation) checkpoint.evaluation->score = -checkpoint.evaluation->loss;
  EXPECT_EQ(checkpoints_to_keep(facts, {.keep_last = 1, .keep_best = 2}), (Steps{60, 100}));
}

// One rank that saves a step with what the last evaluation gave.
void save(const std::filesystem::path& folder, int64_t step, std::optional<Evaluation> evaluation,
          const Retention& retention, std::optional<BestEvaluation> best = {}) {
  CheckpointStore store = lone_store({folder, "n", retention.keep_last, retention.keep_best, retention.keep_every});
  ToyState state(step);
  CheckpointContents contents = state.contents(0, 1);
  contents.position.evaluation = evaluation;
  contents.position.best = std::move(best);
  store.save(contents);
  store.wait();
  EXPECT_EQ(store.failure(), std::nullopt);
}

Steps steps_in(const std::filesystem::path& folder) {
  Steps steps;
  for (const auto& [step, path] : list_checkpoints(folder)) {
    ToyState(step).expect_equal(CheckpointReader(path, true));
    steps.insert(step);
  }
  return steps;
}

TEST(Retention, OnDiskAsTheRunGoesOn) {
  TemporaryFolder folder;
  const Retention retention{.keep_last = 2, .keep_best = 1, .keep_every = 50};
  const std::vector<Steps> wanted = {
      {10},         {10, 20},         {20, 30},         {30, 40},         {40, 50},
      {40, 50, 60}, {40, 50, 60, 70}, {40, 50, 70, 80}, {40, 50, 80, 90}, {40, 50, 90, 100}};
  const auto facts = hundred_steps();
  for (size_t i = 0; i < facts.size(); ++i) {
    save(folder.path(), facts[i].step, facts[i].evaluation, retention);
    EXPECT_EQ(steps_in(folder.path()), wanted[i]) << "after step " << facts[i].step;
    EXPECT_EQ(read_file(folder / "latest"), checkpoint_name(facts[i].step) + "\n");
  }
  const CheckpointReader best(folder / checkpoint_name(40), true);
  ASSERT_TRUE(best.position().evaluation.has_value());
  EXPECT_EQ(best.position().evaluation->step, 40);
  EXPECT_EQ(best.position().evaluation->loss, 1.0);
}

// The best of the newest stays, and of every other that stays: a run may have to go on from there.
TEST(Retention, TheBestIsNamedAndStays) {
  TemporaryFolder folder;
  const auto save_best = [&](int64_t step, int64_t best) {
    save(folder.path(), step, std::nullopt, {.keep_last = 2}, BestEvaluation{"loss", best, 1.0, 0, step});
  };
  save_best(10, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "best"));
  for (const int64_t step : {20, 30, 40, 50}) save_best(step, 20);
  EXPECT_EQ(steps_in(folder.path()), (Steps{20, 40, 50}));
  EXPECT_EQ(read_file(folder / "best"), checkpoint_name(20) + "\n");
  save_best(60, 55);  // evaluated between two checkpoints
  EXPECT_EQ(read_file(folder / "best"), checkpoint_name(60) + "\n");
  EXPECT_EQ(steps_in(folder.path()), (Steps{20, 50, 60})) << "what 50 calls the best is still there";
  save_best(70, 55);
  EXPECT_EQ(steps_in(folder.path()), (Steps{60, 70}));
  EXPECT_EQ(*CheckpointReader(folder / checkpoint_name(70), true).position().best,
            (BestEvaluation{"loss", 55, 1.0, 0, 70}));
}

TEST(Retention, ADamagedCheckpointIsNotTheBest) {
  TemporaryFolder folder;
  const Retention retention{.keep_last = 1, .keep_best = 1};
  save(folder.path(), 10, Evaluation{10, 1.0}, retention);
  save(folder.path(), 20, Evaluation{20, 2.0}, retention);
  std::ofstream(folder / checkpoint_name(10) / "manifest.json") << "{}";
  save(folder.path(), 30, Evaluation{30, 3.0}, retention);
  EXPECT_EQ(steps_in(folder.path()), (Steps{20, 30}));
}

// Died between taking the name from an old checkpoint and removing it, with the new one just published.
TEST(Retention, ACrashWhileRemovingLeavesNothingForGood) {
  TemporaryFolder folder;
  const Retention retention{.keep_last = 1, .keep_best = 1};
  save(folder.path(), 10, Evaluation{10, 1.0}, retention);
  save(folder.path(), 20, Evaluation{20, 2.0}, {.keep_last = 0});
  save(folder.path(), 30, Evaluation{30, 3.0}, {.keep_last = 0});
  std::filesystem::rename(folder / checkpoint_name(20), folder / ".step-00000020.removed.tmp");
  write_file_atomically(folder / "latest", checkpoint_name(10) + "\n");  // as before the crash: it still is there
  EXPECT_EQ(find_checkpoint(folder.path())->filename(), checkpoint_name(30));
  name_latest(*find_checkpoint(folder.path()));
  EXPECT_EQ(read_file(folder / "latest"), checkpoint_name(30) + "\n");
  remove_unfinished_checkpoints(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / ".step-00000020.removed.tmp"));
  save(folder.path(), 40, Evaluation{30, 3.0}, retention);
  EXPECT_EQ(steps_in(folder.path()), (Steps{10, 40}));
}

// The new one cannot be written: nothing is removed.
TEST(Retention, NothingGoesBeforeTheNewOneIsThere) {
  TemporaryFolder folder;
  for (const int64_t step : {10, 20, 30}) save(folder.path(), step, std::nullopt, {.keep_last = 0});
  std::filesystem::create_directories(folder / ".step-00000040.n.1.tmp/model.safetensors/in the way");
  CheckpointStore store = lone_store({folder.path(), "n", 1});
  ToyState state(40);
  store.save(state.contents(0, 1));
  store.wait();
  EXPECT_TRUE(store.failure().has_value());
  EXPECT_EQ(steps_in(folder.path()), (Steps{10, 20, 30}));
}

}  // namespace
}  // namespace convoy
