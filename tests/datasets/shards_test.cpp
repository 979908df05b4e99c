// What opening a dataset costs: no shard before it is read, no block twice on a machine, one reader of the manifest.
#include "datasets/shards.h"

#include <gtest/gtest.h>

#include <fstream>
#include <mutex>
#include <set>
#include <string>

#include "comm/local/thread_communicator.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/documents/toy_documents.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_arrays.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

constexpr int64_t T = 16;

// Files of the folder that this process has mapped, which is how shards are read.
size_t mapped_files(const std::filesystem::path& folder) {
  std::set<std::string> files;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (const size_t at = line.find(folder.string() + "/"); at != std::string::npos) files.insert(line.substr(at));
  return files.size();
}

DatasetManifest write_many_shards(const std::filesystem::path& folder) {
  return write_toy_dataset(folder, {.train_tokens = 3000, .validation_tokens = 200, .shard_tokens = 100});
}

TEST(Shards, AreOpenedWhenASampleOfThemIsRead) {
  const TemporaryFolder folder;
  write_many_shards(folder.path());
  const auto dataset = open_dataset(folder.path(), {.context = T, .seed = 1});
  EXPECT_EQ(mapped_files(folder.path()), 0u);
  const Samples first = read_samples(*dataset, Split::train, 0, 1);
  EXPECT_EQ(mapped_files(folder.path()), 1u);
  EXPECT_EQ(read_samples(*dataset, Split::train, 0, 1), first);
  EXPECT_EQ(mapped_files(folder.path()), 1u);
  read_samples(*dataset, Split::train, 0, dataset->samples(Split::train));
  EXPECT_EQ(mapped_files(folder.path()), 30u);
}

// Of rows in one piece that nobody has stored anew, one shard tells.
TEST(Shards, OfArraysOneIsOpenedToSeeHowTheyAreStored) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 100, .shard_rows = 5});
  for (ShardEntry& shard : manifest.split(Split::train).shards) shard.checks = {1, 2};  // as of an import
  write_dataset_manifest(folder.path(), manifest);
  EXPECT_EQ(open_dataset(folder.path(), {.seed = 1})->samples(Split::train), 100);
  const auto dataset = open_dataset(folder.path(), {.seed = 1});
  EXPECT_EQ(mapped_files(folder.path()), 1u);
}

// Other ranks need no manifest: it is not in the folder that they name.
TEST(Shards, RankZeroAloneReadsTheManifest) {
  const TemporaryFolder folder, others;
  write_many_shards(folder.path());
  const Samples wanted = read_samples(*open_dataset(folder.path(), {.context = T, .seed = 1}), Split::train, 0, 50);
  std::filesystem::copy(folder.path(), others.path(), std::filesystem::copy_options::recursive);
  std::filesystem::remove(others / "manifest.json");
  on_threads(4, [&](Communicator& ranks) {
    const auto& here = ranks.rank() == 0 ? folder.path() : others.path();
    const auto dataset = open_dataset(here, {.context = T, .seed = 1, .ranks = &ranks});
    EXPECT_EQ(dataset->identity(), open_dataset(folder.path(), {.context = T})->identity());
    EXPECT_EQ(read_samples(*dataset, Split::train, 0, 50), wanted);
  });
}

TEST(Shards, WhatIsWrongWithTheManifestEveryRankIsTold) {
  const TemporaryFolder folder;
  write_many_shards(folder.path());
  write_text(folder / "manifest.json", "{");
  std::atomic<int> told = 0;
  on_threads(3, [&](Communicator& ranks) {
    try {
      open_dataset(folder.path(), {.context = T, .ranks = &ranks});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(std::string(error.what()).find("not a manifest of Convoy"), std::string::npos) << error.what();
      ++told;
    }
  });
  EXPECT_EQ(told, 3);
}

TEST(Shards, OneThatIsMissingIsToldAtOnce) {
  const TemporaryFolder folder;
  write_many_shards(folder.path());
  std::filesystem::remove(folder / "train-00017.h5");
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {.context = T}), "train-00017.h5: the file is missing");
}

// Each rank looks for documents in some of the shards; none in all.
TEST(Shards, RanksShareTheSearchForDocuments) {
  const TemporaryFolder folder;
  ToyDocuments toy;
  for (int64_t i = 0; i < 40; ++i) toy.train.push_back(toy_document(i, 5 + i % 7, 2));
  toy.shard_tokens = 40;
  write_toy_documents(folder.path(), toy);
  const size_t shards = read_dataset_manifest(folder.path()).split(Split::train).shards.size();
  ASSERT_GE(shards, 6u);
  const auto alone = open_dataset(folder.path(), {.context = 12, .seed = 1});
  std::mutex one_at_a_time;
  on_threads(3, [&](Communicator& ranks) {
    const auto shared = open_dataset(folder.path(), {.context = 12, .seed = 1, .ranks = &ranks});
    ASSERT_EQ(shared->samples(Split::train), alone->samples(Split::train));
    const std::lock_guard lock(one_at_a_time);
    for (int64_t i = 0; i < alone->samples(Split::train); ++i) {
      std::vector<int32_t> a(36), b(36);
      const auto tensors = [](std::vector<int32_t>& x) {
        return std::vector<Tensor>{{x.data(), DType::i32, {1, 12}},
                                   {x.data() + 12, DType::i32, {1, 12}},
                                   {x.data() + 24, DType::i32, {1, 12}}};
      };
      alone->read(Split::train, i, 1, tensors(a));
      shared->read(Split::train, i, 1, tensors(b));
      EXPECT_EQ(a, b) << i;
    }
  });
}

TEST(VerifiedBlocks, WhatOneRankOfAMachineHasCheckedCountsForAll) {
  const TemporaryFolder folder;
  const DatasetManifest manifest = write_many_shards(folder.path());
  on_threads(3, [&](Communicator& ranks) {
    const VerifiedBlocks verified(manifest, &ranks);
    BlockMarks second = verified.of(Split::train, 1), third = verified.of(Split::train, 2);
    second.use_for(77);
    ranks.barrier_host();
    if (ranks.rank() == 1) second.set_good(3);
    ranks.barrier_host();
    EXPECT_TRUE(second.is_good(3));
    EXPECT_FALSE(second.is_good(2));
    EXPECT_FALSE(third.is_good(3));
  });
}

// A host that mounts other files under the same names must not take over what was found of those.
TEST(VerifiedBlocks, MarksOfAnotherFileDoNotCount) {
  const TemporaryFolder folder;
  const DatasetManifest manifest = write_many_shards(folder.path());
  on_threads(2, [&](Communicator& ranks) {
    const VerifiedBlocks verified(manifest, &ranks);
    BlockMarks marks = verified.of(Split::train, 0);
    for (int turn = 0; turn < 2; ++turn) {
      if (turn == ranks.rank()) marks.use_for(static_cast<uint64_t>(10 + turn));
      ranks.barrier_host();
    }
    if (ranks.rank() == 0) marks.set_good(0);
    ranks.barrier_host();
    EXPECT_EQ(marks.is_good(0), ranks.rank() == 0);
  });
}

// Checks of 64 KiB in shards whose manifest has checksums of 1 MiB.
class SmallChecks : public testing::Test {
 protected:
  static constexpr int64_t kTokens = 1'500'000;  // of two bytes
  SmallChecks() { write_toy_dataset(folder_.path(), {.train_tokens = kTokens, .block_bytes = 1 << 20}); }
  void read(int64_t first, int64_t count) const {
    const DatasetManifest manifest = read_dataset_manifest(folder_.path());
    std::vector<int32_t> tokens(static_cast<size_t>(count));
    ArrayShard(folder_.path(), manifest, manifest.split(Split::train).shards[0]).read(0, first, count, tokens.data());
    for (int64_t i = 0; i < count; ++i) ASSERT_EQ(tokens[static_cast<size_t>(i)], toy_token(first + i, 256));
  }
  void flip(int64_t byte) const {
    std::fstream file(folder_ / "train-00000.h5", std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(byte);
    const char bad = static_cast<char>(file.get() ^ 1);
    file.seekp(byte);
    file.put(bad);
  }
  int64_t data() const { return data_offset(folder_ / "train-00000.h5"); }

  TemporaryFolder folder_;
};

TEST_F(SmallChecks, DamageElsewhereInAMebibyteIsNotInTheWay) {
  flip(data() + 5 * kCheckBytes + 100);
  read(0, 5 * kCheckBytes / 2);
  read(6 * kCheckBytes / 2, 1000);
  const int64_t first = data() + 5 * kCheckBytes;
  EXPECT_DATA_ERROR(read(5 * kCheckBytes / 2 + 1000, 1), "train-00000.h5",
                    "bytes " + std::to_string(first) + " to " + std::to_string(first + kCheckBytes - 1), "damaged");
}

TEST_F(SmallChecks, DatasetsWithoutThemAreReadAsBefore) {
  const std::string with = open_dataset(folder_.path(), {.context = T})->identity();
  DatasetManifest manifest = read_dataset_manifest(folder_.path());
  for (ShardEntry& shard : manifest.split(Split::train).shards) shard.checks.clear();
  write_dataset_manifest(folder_.path(), manifest);
  read(0, 1000);
  EXPECT_EQ(open_dataset(folder_.path(), {.context = T})->identity(), with);
  flip(data() + 5 * kCheckBytes + 100);
  EXPECT_DATA_ERROR(read(0, 1), "bytes " + std::to_string(data()) + " to " + std::to_string(data() + (1 << 20) - 1));
}

TEST_F(SmallChecks, OnesThatAreDamagedThemselvesAreNotBelieved) {
  flip(hdf5::open_shard(folder_ / "train-00000.h5", {checks_of("tokens")}).front().data_offset + 3);
  EXPECT_DATA_ERROR(read(0, 1), "\"tokens.xxh3\" are not the checksums that the manifest tells of");
}

// One hash a shard and field in the manifest, and 8 bytes a block in the shard.
TEST_F(SmallChecks, CostLittleRoom) {
  DatasetManifest manifest = read_dataset_manifest(folder_.path());
  const size_t with = manifest_text(manifest).size();
  manifest.split(Split::train).shards[0].checks.clear();
  EXPECT_LT(with - manifest_text(manifest).size(), 80u);
  EXPECT_EQ(hdf5::open_shard(folder_ / "train-00000.h5", {checks_of("tokens")}).front().bytes(), 32 * 8);
}

}  // namespace
}  // namespace convoy
