// What was saved is read back, by any number of ranks; what may go, goes.
#include "core/checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/base/file_observer.h"
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
  on_threads(2, [&](Communicator& ranks) {
    CheckpointStore store(ranks, {.folder = folder.path(), .nonce = "x"});
    CheckpointContents contents;
    contents.position.step = 1;
    const bool first = ranks.rank() == 0;
    if (first) contents.weights = {{"w", {state.data(), DType::f32, {100}}}};
    const float* all = state.data();
    contents.optimizer = {.name = "adamw",
                          .groups = {{.cuts = {{0, 100, 1024, 0}},
                                      .elements = 1024,
                                      .total = 100,
                                      .held = first ? 100 : 0,
                                      .arrays = {{kMasterState, all}, {"m", all}, {"v", all}}}}};
    store.save(contents);
    store.wait();
    EXPECT_FALSE(store.failure()) << *store.failure();
  });
  const CheckpointReader reader(folder.path() / "step-00000001", true);
  EXPECT_EQ(reader.groups().at(0).states, (std::vector<std::string>{"master", "m", "v"}));
}

// Whose files are as many as nodes, and none is empty.
TEST(Checkpoint, RanksOfANodeWriteOneFile) {
  for (const int per_file : {2, 3, 4, 8}) {
    TemporaryFolder folder;
    ASSERT_EQ(save_as(8, folder.path(), 40, 0, per_file), std::nullopt);
    const auto names = names_in(folder / "step-00000040");
    EXPECT_EQ(std::ranges::count_if(names, [](const auto& name) { return name.starts_with("optimizer-"); }),
              (5 + per_file - 1) / per_file)
        << "5 ranks have something of 10007 elements";
    const CheckpointReader reader(*find_checkpoint(folder.path()), true);
    for (const int readers : {1, 2, 3, 8}) ToyState(40).expect_equal(reader, readers);
  }
  TemporaryFolder folder;
  ASSERT_EQ(save_as(16, folder.path(), 40, 0, 4), std::nullopt);  // 10 ranks have something of 10007 elements
  EXPECT_FALSE(names_in(folder / "step-00000040").contains("optimizer-00003-of-00004.safetensors"));
  ToyState(40).expect_equal(CheckpointReader(*find_checkpoint(folder.path()), true), 16);
}

// With a file for each rank, a list of what it holds and checksums of whole files.
TEST(Checkpoint, OfVersion3IsRead) {
  TemporaryFolder folder;
  ASSERT_EQ(save_as(2, folder.path(), 40), std::nullopt);
  const auto checkpoint = folder / "step-00000040";
  Manifest manifest = parse_manifest(read_file(checkpoint / "manifest.json"));
  manifest.version = 3;
  manifest.weight_sums.clear();
  GroupRecord& group = manifest.optimizer.groups.at(0);
  const int64_t share = group.cuts.at(0).shard;
  const std::string first = "optimizer-00000-of-00002.safetensors", second = "optimizer-00001-of-00002.safetensors";
  group = {
      .total = kToyElements, .states = group.states, .parts = {{first, 0, share, 0}, {second, share, kToyElements, 0}}};
  manifest.optimizer = {.name = "adamw", .groups = {group}};
  for (const std::string& name : {first, second}) {
    manifest.files[name].checksum = checksum_of_file(checkpoint / name);
    manifest.files[name].header_bytes = 0;
  }
  write_file_atomically(checkpoint / "manifest.json", manifest_text(manifest));
  for (const int readers : {1, 2, 5}) ToyState(40).expect_equal(CheckpointReader(checkpoint, true), readers);
  manifest.optimizer.groups[0].parts[1].begin += 1;
  EXPECT_THROW(parse_manifest(manifest_text(manifest)), CheckpointError);
}

// Two of the file system: its part is opened and fsynced.
TEST(Checkpoint, ARankThatIsNotTheFirstDoesTwoOperationsASave) {
  for (const int ranks : {8, 64}) {
    TemporaryFolder folder;
    std::vector<FileCounter> counters(static_cast<size_t>(ranks));
    on_threads(ranks, [&](Communicator& communicator) {
      const ObservedFiles observed(&counters[static_cast<size_t>(communicator.rank())]);
      CheckpointStore store(communicator, {.folder = folder.path(), .nonce = "n", .ranks_per_file = 8});
      ToyState state(40, 65'536);
      store.save(state.contents(communicator.rank(), ranks));
      store.wait();
      EXPECT_EQ(store.failure(), std::nullopt);
    });
    for (int rank = 1; rank < ranks; ++rank) EXPECT_LE(counters[static_cast<size_t>(rank)].metadata(), 2) << rank;
    EXPECT_LE(counters[0].metadata(), 35) << "whatever the ranks";
    EXPECT_EQ(entries_of_folder(folder / "step-00000040").size(), 4u + static_cast<size_t>(ranks) / 8);
  }
}

TEST(Checkpoint, SavesACopyAndEqualContentsGiveEqualBytes) {
  TemporaryFolder folder;
  {
    CheckpointStore store = lone_store({folder.path() / "a", "x", 0});
    std::vector<float> weight(1'000'000, 1.0f), state(100, 2.0f);
    CheckpointContents contents;
    contents.position.step = 1;
    contents.weights = {{"w", {weight.data(), DType::f32, {1'000'000}}}};
    contents.optimizer = {"adamw", {{.cuts = {{0, 100, 1024, 0}}, .elements = 1024, .total = 100, .held = 100}}};
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
  CheckpointStore store = lone_store({folder.path(), "x", 0});
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
  on_threads(3, [&](Communicator& ranks) {
    CheckpointStore store(ranks, {folder.path(), "n", 3});
    for (int64_t step = 1; step <= 20; ++step) {
      ToyState state(step / 2 * 2);  // every step but the first is saved twice, as at the end of a run
      store.save(state.contents(ranks.rank(), 3));
    }
    store.wait();
    EXPECT_EQ(store.failure(), std::nullopt);
  });
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
