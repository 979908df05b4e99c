// Runs that a release with checkpoints of version 2 began go on: tests/reference/version2 has two, stopped at step 5 of
// 10, one of two ranks, and the weights with which that release ended when nobody stopped it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/safetensors.h"
#include "tests/launcher/run_trainer.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

std::vector<float> all_weights(const std::filesystem::path& path) {
  const SafetensorsReader reader(path);
  std::vector<float> all;
  for (const auto& [name, entry] : reader.entries()) {
    std::vector<float> values(static_cast<size_t>(entry.shape.elements()));
    reader.read(name, {values.data(), DType::f32, entry.shape});
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

class Version2Checkpoint : public testing::TestWithParam<const char*> {
 protected:
  const std::string precision_ = GetParam();
  const std::filesystem::path fixture_ = test::reference_path("version2");
};

TEST_P(Version2Checkpoint, IsRead) {
  const CheckpointReader reader(fixture_ / precision_ / "checkpoints" / "step-00000005", true);
  EXPECT_EQ(reader.position().step, 5);
  EXPECT_EQ(reader.position().virtual_ranks, 2);
  EXPECT_EQ(reader.optimizer(), "adamw");
  ASSERT_EQ(reader.groups().size(), 1u);
  const auto group = reader.groups().at(0);
  EXPECT_EQ(group.name, "");
  EXPECT_EQ(group.states, precision_ == "f32" ? (std::vector<std::string>{"m", "v"})
                                              : (std::vector<std::string>{"master", "m", "v"}));
  std::vector<float> v(static_cast<size_t>(group.elements));
  reader.read_state("", "v", 0, group.elements, v.data());
  EXPECT_GT(*std::max_element(v.begin(), v.end()), 0);
  EXPECT_GE(*std::min_element(v.begin(), v.end()), 0);
}

TEST_P(Version2Checkpoint, GoesOnToTheWeightsOfTheRunThatWasNotStopped) {
  const std::string name = "version2_" + precision_;
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("convoy_cli_" + name);
  std::filesystem::remove_all(folder);
  std::filesystem::copy(fixture_, folder, std::filesystem::copy_options::recursive);
  const ProgramResult result =
      run_trainer("train train.yaml --resume run.dir=" + precision_ + " precision=" + precision_, name);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto wanted = all_weights(fixture_ / (precision_ + ".safetensors"));
  const auto found = all_weights(folder / precision_ / "checkpoints" / "step-00000010" / "model.safetensors");
  ASSERT_EQ(found.size(), wanted.size());
  // The bits of products may differ from release to release; a state that was lost would show in the second digit.
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], wanted[i], 1e-5f + std::abs(wanted[i]) / 256) << i;
}

INSTANTIATE_TEST_SUITE_P(Precisions, Version2Checkpoint, testing::Values("f32", "bf16"),
                         [](const auto& precision) { return std::string(precision.param); });

}  // namespace
}  // namespace convoy
