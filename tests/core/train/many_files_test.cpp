// What many ranks ask of the file system, counted: to start, to save, to end and to resume.
#include <gtest/gtest.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/file_observer.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/config/config.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy::test {
namespace {

constexpr int kRanksOfNode = 8;

Config saving_config(int virtual_ranks, int64_t stage, Precision precision) {
  Config config = toy_config();
  config.precision = precision;
  config.train.steps = 2;
  config.batch = {.micro = 1, .global = virtual_ranks};
  gpt2_of(config) = {.layers = 2, .heads = 2, .channels = 64, .context = 12};
  config.parallel.virtual_ranks.value = virtual_ranks;
  config.parallel.stage = stage;
  config.parallel.bucket_bytes = 1 << 20;
  config.evaluate.every_steps = 0;
  return config;
}

ToyParts counted(const std::filesystem::path& checkpoints, std::vector<FileCounter>& counters) {
  ToyParts parts;
  parts.checkpoints = checkpoints;
  parts.cluster.node_ranks = kRanksOfNode;
  parts.observe_files = [&counters](int rank) { return &counters[static_cast<size_t>(rank)]; };
  return parts;
}

int64_t bytes_in(const std::filesystem::path& folder) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    bytes += static_cast<int64_t>(std::filesystem::file_size(entry.path()));
  return bytes;
}

int64_t header_bytes(const std::filesystem::path& safetensors) {
  uint64_t bytes = 0;
  File::open(safetensors).read(0, std::as_writable_bytes(std::span(&bytes, 1)));
  return static_cast<int64_t>(bytes) + 8;
}

std::string first_optimizer_file(int ranks) {
  return optimizer_file_name(0, (ranks + kRanksOfNode - 1) / kRanksOfNode);
}

class ManyFiles : public testing::TestWithParam<std::tuple<int, int, Precision>> {};  // ranks, stage

// Saves once, goes on on as many ranks, and on another number at another stage: bits, operations, bytes.
TEST_P(ManyFiles, AreFewOperationsAndReadOnce) {
  const auto [ranks, stage, precision] = GetParam();
  TemporaryFolder folder;
  Config config = saving_config(64, stage, precision);
  config.train.steps = 4;
  const ToyResult straight = toy_run(config, ranks);

  std::vector<FileCounter> saving(static_cast<size_t>(ranks));
  config.train.stop_at = 2;
  toy_run(config, ranks, counted(folder.path(), saving));
  for (int rank = 1; rank < ranks; ++rank) EXPECT_LE(saving[static_cast<size_t>(rank)].metadata(), 10) << rank;
  EXPECT_LE(saving[0].metadata(), 28) << "whatever the ranks";

  const int64_t checkpoint = bytes_in(folder.path() / "step-00000002");
  const auto resume = [&](int on, int64_t at_stage) {
    SCOPED_TRACE(testing::Message() << "resumed on " << on << " ranks at stage " << at_stage);
    std::vector<FileCounter> reading(static_cast<size_t>(on));
    Config other = config;
    other.parallel.stage = at_stage;
    ToyParts parts = counted(folder.path(), reading);
    parts.resume = true;
    other.train.stop_at = 0;
    const std::filesystem::path before = folder.path() / "before";
    make_folder(before);
    std::filesystem::copy(folder.path() / "step-00000002", before / "step-00000002",
                          std::filesystem::copy_options::recursive);
    parts.checkpoints = before;
    // A model of gigabytes has no larger headers than this one, whose ranks each read them.
    const int64_t headers = on * (header_bytes(before / "step-00000002/model.safetensors") +
                                  header_bytes(before / "step-00000002" / first_optimizer_file(ranks)));
    const ToyResult result = toy_run(other, on, parts);
    EXPECT_TRUE(result.weights == straight.weights);
    EXPECT_EQ(result.losses.back(), straight.losses.back());
    int64_t read = 0;
    for (const FileCounter& counter : reading) read += counter.bytes(FileOperation::read);
    EXPECT_GE(read, checkpoint * 4 / 5);
    EXPECT_LE(static_cast<double>(read - headers), 1.2 * static_cast<double>(checkpoint));
    std::filesystem::remove_all(before);
    return reading[static_cast<size_t>(on) - 1].count(FileOperation::open);
  };
  // Its own part, the weights, and what a save at the end opens.
  EXPECT_LE(resume(ranks, stage), 4);
  resume(4, 3 - stage);
}
INSTANTIATE_TEST_SUITE_P(All, ManyFiles,
                         testing::Combine(testing::Values(8, 64), testing::Values(0, 1, 3),
                                          testing::Values(Precision::f32, Precision::bf16)));

// Ranks with the same shards read a part of them each.
TEST(ManyFilesOfReplicas, AreReadOnceByAllOfThem) {
  for (const int64_t stage : {1, 2, 3})
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage);
      TemporaryFolder folder;
      Config config = saving_config(16, stage, precision);
      config.train.steps = 4;
      config.parallel.shard_ranks.value = 4;
      const ToyResult straight = toy_run(config, 16);
      std::vector<FileCounter> saving(16);
      config.train.stop_at = 2;
      toy_run(config, 16, counted(folder.path(), saving));
      const std::filesystem::path checkpoint = folder.path() / "step-00000002";
      const int64_t bytes = bytes_in(checkpoint);
      const int64_t headers =
          16 * (header_bytes(checkpoint / "model.safetensors") + header_bytes(checkpoint / optimizer_file_name(0, 1)));
      std::vector<FileCounter> reading(16);
      ToyParts parts = counted(folder.path(), reading);
      parts.resume = true;
      config.train.stop_at = 0;
      config.parallel.shard_ranks.value = 2;
      const ToyResult result = toy_run(config, 16, parts);
      EXPECT_TRUE(result.weights == straight.weights);
      EXPECT_EQ(result.losses.back(), straight.losses.back());
      int64_t read = 0;
      for (const FileCounter& counter : reading) read += counter.bytes(FileOperation::read);
      EXPECT_LE(static_cast<double>(read - headers), 1.2 * static_cast<double>(bytes));
    }
}

// A model of many files, which several ranks write, is the same model.
TEST(ManyFilesOfWeights, ChangeNoBitAndAreReadByAnyRanks) {
  for (const int64_t stage : {0, 2, 3}) {
    TemporaryFolder folder;
    Config config = saving_config(8, stage, Precision::f32);
    config.train.steps = 4;
    const ToyResult straight = toy_run(config, 8);
    config.checkpoint.file_bytes = 100'000;
    config.train.stop_at = 2;
    std::vector<FileCounter> counters(8);
    ToyParts parts = counted(folder.path(), counters);
    toy_run(config, 8, parts);
    const std::filesystem::path checkpoint = folder.path() / "step-00000002";
    EXPECT_FALSE(is_there(checkpoint / "model.safetensors"));
    const std::vector<std::string> files = files_of_index(checkpoint / kWeightsIndexName);
    EXPECT_GE(files.size(), 4u);
    int writers = 0;
    for (const FileCounter& counter : counters) writers += counter.bytes(FileOperation::write) > 100'000 ? 1 : 0;
    EXPECT_GE(writers, 4);
    const SafetensorsReader all(weights_path_in(checkpoint));
    EXPECT_EQ(all.entries().size(), 28u);
    EXPECT_NO_THROW(CheckpointReader(checkpoint, true));
    config.train.stop_at = 0;
    config.parallel.stage = 1;
    parts.resume = true;
    const ToyResult resumed = toy_run(config, 4, parts);
    EXPECT_TRUE(resumed.losses.back() == straight.losses.back());
  }
}

// So is the moving average, whoever writes which of its files.
TEST(ManyFilesOfWeights, HaveAsManyOfTheAverage) {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const int64_t stage : {0, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage);
      Config config = saving_config(8, stage, precision);
      config.train.ema_decay = 0.75;
      config.parallel.shard_ranks.value = stage == 2 ? 4 : 8;
      const auto saved = [&](const std::filesystem::path& folder, int64_t file_bytes) {
        config.checkpoint.file_bytes = file_bytes;
        std::vector<FileCounter> counters(8);
        toy_run(config, 8, counted(folder, counters));
        return CheckpointReader(folder / "step-00000002", true);
      };
      const TemporaryFolder one, several;
      const CheckpointReader of_one = saved(one.path(), 1 << 30), of_several = saved(several.path(), 100'000);
      EXPECT_TRUE(of_one.has_file("ema.safetensors") && of_one.has_average());
      EXPECT_FALSE(of_several.has_file("ema.safetensors"));
      EXPECT_TRUE(of_several.has_file("ema.safetensors.index.json") && of_several.has_average());
      const SafetensorsReader all(average_path_in(of_one.folder())), parts(average_path_in(of_several.folder()));
      ASSERT_EQ(all.entries().size(), 28u);
      ASSERT_EQ(parts.entries().size(), 28u);
      for (const auto& [name, entry] : all.entries()) {
        const auto count = static_cast<size_t>(entry.shape.elements());
        std::vector<float> wanted(count), found(count);
        of_one.read_average_range(name, entry.shape, 0, entry.shape.elements(), wanted.data());
        of_several.read_average_range(name, entry.shape, 0, entry.shape.elements(), found.data());
        EXPECT_EQ(wanted, found) << name;
      }
    }
}

// A byte that changed is found by the ranks that read it, on all ranks, and so is one of a part that nobody needs.
TEST(ManyFilesDamage, IsFoundByWhomeverItMeets) {
  for (const char* name : {"optimizer-00000-of-00001.safetensors", "model.safetensors"})
    for (const Precision precision : {Precision::f32, Precision::bf16})
      for (const int64_t stage : {0, 2}) {
        TemporaryFolder folder;
        Config config = saving_config(4, stage, precision);
        std::vector<FileCounter> counters(4);
        ToyParts parts = counted(folder.path(), counters);
        toy_run(config, 4, parts);
        const std::filesystem::path file = folder.path() / "step-00000002" / name;
        std::string content = read_file(file);
        content[content.size() * 3 / 4] ^= 1;
        write_file_atomically(file, content);
        parts.resume = true;
        EXPECT_THROW(toy_run(config, 4, parts), Error) << name << ", stage " << stage;
      }
}

}  // namespace
}  // namespace convoy::test
