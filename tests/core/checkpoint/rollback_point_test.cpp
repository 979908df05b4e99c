// What a checkpoint knows of the guards, and to which one a run goes back.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/manifest.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

// One rank that saves steps, each naming the one to go back to.
void save(const std::filesystem::path& folder, const std::vector<int64_t>& steps, std::optional<int64_t> rollback_step,
          int64_t keep_last = 0) {
  CheckpointStore store = lone_store({.folder = folder, .nonce = "n", .keep_last = keep_last});
  EXPECT_EQ(store.folder(), folder);
  for (const int64_t step : steps) {
    ToyState state(step);
    CheckpointContents contents = state.contents(0, 1);
    contents.position.rollback_step = rollback_step;
    store.save(contents);
    store.wait();
    EXPECT_EQ(store.failure(), std::nullopt);
  }
}

std::vector<int64_t> listed_steps(const std::filesystem::path& folder) {
  std::vector<int64_t> steps;
  for (const auto& [step, path] : list_checkpoints(folder)) steps.push_back(step);
  return steps;
}

TEST(GuardState, SurvivesTheManifestBitForBit) {
  Manifest manifest;
  manifest.position.guard = {{1.0 / 3, 1e-310, -0.0, 1.7976931348623157e308, 2.0000000000000004}, 2, 7, 1};
  manifest.position.rollback_step = 0;
  const TrainingPosition found = parse_manifest(manifest_text(manifest)).position;
  EXPECT_EQ(found.guard, manifest.position.guard);
  EXPECT_TRUE(std::signbit(found.guard.losses[2]));
  EXPECT_EQ(found.rollback_step, 0);
}

// As manifests were before there were guards, and are where they have nothing to say.
TEST(GuardState, ThatSaysNothingIsNotWritten) {
  const std::string text = manifest_text(Manifest{});
  EXPECT_EQ(text.find("guard"), std::string::npos) << text;
  EXPECT_EQ(text.find("rollback"), std::string::npos) << text;
  EXPECT_EQ(parse_manifest(text).position.guard, GuardState{});
  EXPECT_EQ(parse_manifest(text).position.rollback_step, std::nullopt);
}

// Stopped by signals again and again: those saves do not push out what a spike would go back to.
TEST(RollbackPoint, Stays) {
  TemporaryFolder folder;
  save(folder.path(), {20, 30}, 30, 1);
  EXPECT_EQ(listed_steps(folder.path()), std::vector<int64_t>{30});
  save(folder.path(), {33, 37}, 30, 1);
  EXPECT_EQ(listed_steps(folder.path()), (std::vector<int64_t>{30, 37}));
  save(folder.path(), {40}, 40, 1);
  EXPECT_EQ(listed_steps(folder.path()), std::vector<int64_t>{40});
}

TEST(RollbackPoint, IsTheOneOfThatStepOrTheNewestGoodOneBeforeTheSpike) {
  TemporaryFolder folder;
  save(folder.path(), {20, 30, 37, 60}, std::nullopt);
  const auto found = [&] { return find_rollback_point(folder.path(), 30, 45).filename().string(); };
  EXPECT_EQ(found(), checkpoint_name(30));
  std::filesystem::resize_file(folder.path() / checkpoint_name(30) / "model.safetensors", 10);
  EXPECT_EQ(found(), checkpoint_name(37));
  std::filesystem::remove_all(folder.path() / checkpoint_name(37));
  EXPECT_EQ(found(), checkpoint_name(20));
  std::filesystem::remove_all(folder.path() / checkpoint_name(20));
  EXPECT_THROW(found(), CheckpointError);
}

TEST(RollbackPoint, WhatWasSavedAfterItGoes) {
  TemporaryFolder folder;
  save(folder.path(), {20, 30, 37, 45, 60}, std::nullopt);
  remove_abandoned_checkpoints(folder.path(), 30, 45);
  EXPECT_EQ(listed_steps(folder.path()), (std::vector<int64_t>{20, 30, 60}));
  EXPECT_EQ(read_file(folder / "latest"), checkpoint_name(30) + "\n");
  remove_abandoned_checkpoints(folder.path(), 0, 30);
  EXPECT_EQ(listed_steps(folder.path()), std::vector<int64_t>{60});
  EXPECT_FALSE(std::filesystem::exists(folder / "latest"));
}

}  // namespace
}  // namespace convoy
