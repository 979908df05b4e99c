// What was saved is read back, by any number of ranks; what may go, goes.
#include "core/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/manifest.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

TEST(Checkpoint, HoldsTheFilesOfItsLayout) {
  TemporaryFolder folder;
  EXPECT_EQ(save_as(2, folder.path(), 500), std::nullopt);
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"step-00000500", "latest"}));
  EXPECT_EQ(
      names_in(folder / "step-00000500"),
      (std::set<std::string>{"model.safetensors", "optimizer-00000-of-00002.safetensors",
                             "optimizer-00001-of-00002.safetensors", "config.json", "config.yaml", "manifest.json"}));
  EXPECT_EQ(read_file(folder / "latest"), "step-00000500\n");
}

TEST(Checkpoint, AnyNumberOfRanksReadsWhatAnyNumberWrote) {
  for (const int writers : {1, 2, 3, 6, 8}) {
    TemporaryFolder folder;
    ASSERT_EQ(save_as(writers, folder.path(), 40), std::nullopt);
    const CheckpointReader reader(*find_checkpoint(folder.path()), true);
    EXPECT_EQ(reader.groups().at(0).elements, kToyElements);
    for (const int readers : {1, 2, 3, 4, 5, 6, 7, 8}) {
      SCOPED_TRACE(std::to_string(writers) + " writers, " + std::to_string(readers) + " readers");
      ToyState(40).expect_equal(reader, readers);
    }
  }
}

// Checkpoints from before data had an identity are read; nothing is known of theirs.
TEST(Checkpoint, RemembersItsData) {
  Manifest manifest;
  EXPECT_EQ(manifest_text(manifest).find("\"data\""), std::string::npos);
  EXPECT_EQ(parse_manifest(manifest_text(manifest)).position.data, "");
  manifest.position.data = "1f2e";
  EXPECT_EQ(parse_manifest(manifest_text(manifest)).position.data, "1f2e");
}

TEST(Checkpoint, WeightsAreConvertedToTheWantedDtype) {
  TemporaryFolder folder;
  ASSERT_EQ(save_as(1, folder.path(), 3), std::nullopt);
  const CheckpointReader reader(folder / "step-00000003", true);
  std::vector<float> wide(12);
  reader.read_weight("embedding", {wide.data(), DType::f32, {3, 4}});
  EXPECT_EQ(wide[11], 14.0f);
  EXPECT_THROW(reader.read_weight("embedding", {wide.data(), DType::f32, {4, 3}}), CheckpointError);
  EXPECT_THROW(reader.read_weight("head", {wide.data(), DType::f32, {3, 4}}), CheckpointError);
  EXPECT_TRUE(reader.has_file("config.json"));
  EXPECT_THROW(reader.file("tokenizer.json"), CheckpointError);
  float one = 0;
  EXPECT_THROW(reader.read_state("", "m", 0, kToyElements + 1, &one), CheckpointError);
}

// The ranks of a second group have the state only as copies, which the first group writes.
TEST(Checkpoint, ARankWithoutAPartOfTheStateIsOneOfTheRanksAllTheSame) {
  TemporaryFolder folder;
  std::vector<float> state(100, 2.0f);
  std::vector<std::thread> ranks;
  for (const int rank : {0, 1})
    ranks.emplace_back([&, rank] {
      CheckpointStore store({.folder = folder.path(), .rank = rank, .size = 2, .nonce = "x", .timeout_s = 10});
      CheckpointContents contents;
      contents.position.step = 1;
      if (rank == 0) contents.weights = {{"w", {state.data(), DType::f32, {100}}}};
      const float* all = state.data();
      StateShard shard{.total = 100, .arrays = {{kMasterState, all}, {"m", all}, {"v", all}}};
      if (rank == 0) shard.ranges = {{0, 100, 0}}, shard.elements = 100;
      contents.optimizer = {"adamw", {shard}};
      store.save(contents);
      store.wait();
      EXPECT_FALSE(store.failure()) << *store.failure();
    });
  for (std::thread& rank : ranks) rank.join();
  const CheckpointReader reader(folder.path() / "step-00000001", true);
  EXPECT_EQ(reader.groups().at(0).states, (std::vector<std::string>{"master", "m", "v"}));
}

TEST(Checkpoint, SavesACopyAndEqualContentsGiveEqualBytes) {
  TemporaryFolder folder;
  {
    CheckpointStore store({folder.path() / "a", 0, 1, 0, "x", 10});
    std::vector<float> weight(1'000'000, 1.0f), state(100, 2.0f);
    CheckpointContents contents;
    contents.position.step = 1;
    contents.weights = {{"w", {weight.data(), DType::f32, {1'000'000}}}};
    contents.optimizer = {"adamw", {{.ranges = {{0, 100, 0}}, .elements = 100, .total = 100}}};
    contents.optimizer.groups[0].arrays = {{"m", state.data()}, {"v", state.data()}};
    store.save(contents);
    std::fill(weight.begin(), weight.end(), 9.0f);  // training goes on
    std::fill(state.begin(), state.end(), 9.0f);
    store.wait();
    const CheckpointReader reader(folder.path() / "a" / "step-00000001", true);
    reader.read_weight("w", {weight.data(), DType::f32, {1'000'000}});
    EXPECT_EQ(weight, std::vector<float>(1'000'000, 1.0f));
    reader.read_state("", "m", 0, 100, state.data());
    EXPECT_EQ(state, std::vector<float>(100, 2.0f));
    EXPECT_THROW(reader.read_state("", kMasterState, 0, 100, weight.data()), CheckpointError);
    EXPECT_THROW(reader.read_state("another", "m", 0, 100, weight.data()), CheckpointError);
  }
  save_as(2, folder.path() / "b", 7);
  save_as(2, folder.path() / "c", 7);
  for (const std::string& name : names_in(folder.path() / "b" / "step-00000007"))
    EXPECT_EQ(read_file(folder.path() / "b" / "step-00000007" / name),
              read_file(folder.path() / "c" / "step-00000007" / name))
        << name;
}

TEST(Checkpoint, WeightsAlone) {
  TemporaryFolder folder;
  CheckpointStore store({folder.path(), 0, 1, 0, "x", 10});
  float weight = 3;
  CheckpointContents contents;
  contents.position.step = 9;
  contents.weights = {{"w", {&weight, DType::f32, {1}}}};
  store.save(contents);
  store.wait();
  EXPECT_EQ(store.failure(), std::nullopt);
  EXPECT_TRUE(CheckpointReader(folder / "step-00000009", true).groups().empty());
}

TEST(Checkpoint, KeepsTheLastAndRemovesTheRest) {
  TemporaryFolder folder;
  for (const int64_t step : {10, 20, 30, 40}) ASSERT_EQ(save_as(1, folder.path(), step, 2), std::nullopt);
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"step-00000030", "step-00000040", "latest"}));
}

// A run that fell back from a damaged checkpoint at step 50 to step 40 saves step 45.
TEST(Checkpoint, ADamagedLaterOneDoesNotPushOutAGoodOne) {
  TemporaryFolder folder;
  for (const int64_t step : {40, 50}) ASSERT_EQ(save_as(1, folder.path(), step), std::nullopt);
  std::filesystem::resize_file(folder.path() / "step-00000050" / "model.safetensors", 10);
  ASSERT_EQ(save_as(1, folder.path(), 45, 1), std::nullopt);
  EXPECT_EQ(find_checkpoint(folder.path())->filename(), "step-00000045");
  EXPECT_EQ(read_file(folder / "latest"), "step-00000045\n");
  ASSERT_EQ(save_as(1, folder.path(), 50, 1), std::nullopt);  // replaces the damaged one
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"step-00000050", "latest"}));
  ToyState(50).expect_equal(CheckpointReader(*find_checkpoint(folder.path()), true));
}

TEST(Checkpoint, ManySavesInOneStart) {
  TemporaryFolder folder;
  std::vector<std::unique_ptr<CheckpointStore>> stores;
  for (int rank = 0; rank < 3; ++rank)
    stores.push_back(std::make_unique<CheckpointStore>(CheckpointStoreOptions{folder.path(), rank, 3, 3, "n", 20}));
  for (int64_t step = 1; step <= 20; ++step) {
    ToyState state(step / 2 * 2);  // every step but the first is saved twice, as at the end of a run
    for (int rank : {2, 0, 1}) stores[static_cast<size_t>(rank)]->save(state.contents(rank, 3));
  }
  for (auto& store : stores) {
    store->wait();
    EXPECT_EQ(store->failure(), std::nullopt);
  }
  EXPECT_EQ(names_in(folder.path()),
            (std::set<std::string>{"step-00000016", "step-00000018", "step-00000020", "latest"}));
  ToyState(20).expect_equal(CheckpointReader(*find_checkpoint(folder.path()), true));
}

TEST(Checkpoint, NoneIsNotAnError) {
  TemporaryFolder folder;
  EXPECT_EQ(find_checkpoint(folder.path()), std::nullopt);
  EXPECT_EQ(find_checkpoint(folder / "absent"), std::nullopt);
  remove_unfinished_checkpoints(folder / "absent");
}

TEST(Checkpoint, UnfinishedOnesAreNotSeenAndCanBeRemoved) {
  TemporaryFolder folder;
  ASSERT_EQ(save_as(1, folder.path(), 1), std::nullopt);
  std::filesystem::create_directories(folder / ".step-00000002.old.1.tmp/sub");
  std::filesystem::create_directory(folder / "step-2");  // not one of our names
  EXPECT_EQ(find_checkpoint(folder.path())->filename(), "step-00000001");
  remove_unfinished_checkpoints(folder.path());
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"step-00000001", "step-2", "latest"}));
}

}  // namespace
}  // namespace convoy
