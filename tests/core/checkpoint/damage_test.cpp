// Damage is found and the checkpoint before is used.
#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(save_as(2, folder_.path(), 1), std::nullopt);
    ASSERT_EQ(save_as(2, folder_.path(), 2), std::nullopt);
  }

  std::filesystem::path newest() const { return folder_ / "step-00000002"; }

  // The newest is refused with a message that has `wanted` in it; step 1 is chosen.
  void expect_refused(const std::string& wanted) const {
    try {
      const CheckpointReader reader(newest(), true);
      ADD_FAILURE() << "the damage was not found: " << wanted;
    } catch (const CheckpointError& error) {
      EXPECT_NE(std::string(error.what()).find(wanted), std::string::npos) << error.what();
    }
    EXPECT_EQ(find_checkpoint(folder_.path())->filename(), "step-00000001");
  }

  TemporaryFolder folder_;
};

TEST_F(Damage, OneFlippedBitInAnyFile) {
  std::mt19937 random(3);
  for (const auto& entry : std::filesystem::directory_iterator(newest())) {
    const std::string good = read_file(entry.path());
    for (int round = 0; round < 8; ++round) {
      std::string bad = good;
      bad[round == 0 ? 0 : random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
      write_file_atomically(entry.path(), bad);
      expect_refused(entry.path().filename().string());
    }
    write_file_atomically(entry.path(), good);
  }
  EXPECT_EQ(find_checkpoint(folder_.path())->filename(), "step-00000002");
}

// Without verify the manifest is still checked in full: it steers everything else.
TEST_F(Damage, EveryByteOfTheManifestCounts) {
  const std::string good = read_file(newest() / "manifest.json");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x04;
    EXPECT_THROW(parse_manifest(bad), CheckpointError) << "byte " << i << ", " << good[i] << " became " << bad[i];
  }
  EXPECT_EQ(manifest_text(parse_manifest(good)), good);
}

TEST_F(Damage, TruncatedFiles) {
  for (const auto& entry : std::filesystem::directory_iterator(newest())) {
    const std::string good = read_file(entry.path());
    for (const size_t bytes : {size_t{0}, good.size() / 2, good.size() - 1}) {
      std::filesystem::resize_file(entry.path(), bytes);
      expect_refused(entry.path().filename().string());
      EXPECT_THROW(CheckpointReader(newest(), false), CheckpointError) << "sizes are checked without verify too";
    }
    write_file_atomically(entry.path(), good);
  }
}

TEST_F(Damage, MissingFiles) {
  for (const auto& entry : std::filesystem::directory_iterator(newest())) {
    const auto aside = folder_ / "aside";
    std::filesystem::rename(entry.path(), aside);
    expect_refused(entry.path().filename().string());
    std::filesystem::create_directory(entry.path());  // something that is no file
    expect_refused(entry.path().filename().string());
    std::filesystem::remove(entry.path());
    std::filesystem::rename(aside, entry.path());
  }
}

TEST_F(Damage, AnotherVersion) {
  std::string text = read_file(newest() / "manifest.json");
  text.replace(text.find("\"version\": 4"), 12, "\"version\": 5");
  write_file_atomically(newest() / "manifest.json", text);
  expect_refused("its version is 5, this program reads versions 2 to 4");
}

TEST_F(Damage, AManifestThatLeadsOutOfTheFolder) {
  Manifest manifest = parse_manifest(read_file(newest() / "manifest.json"));
  manifest.files["../step-00000001/config.yaml"] = manifest.files["config.yaml"];
  EXPECT_THROW(parse_manifest(manifest_text(manifest)), CheckpointError);
}

TEST_F(Damage, PartsOfTheOptimizerMustFitTogether) {
  const Manifest good = parse_manifest(read_file(newest() / "manifest.json"));
  Manifest gap = good;
  gap.optimizer.groups[0].cuts[0].begin += 1;
  EXPECT_THROW(parse_manifest(manifest_text(gap)), CheckpointError);
  Manifest less = good;
  less.optimizer.groups[0].total += 1;
  EXPECT_THROW(parse_manifest(manifest_text(less)), CheckpointError);
  Manifest lost = good;
  lost.files.erase("optimizer-00001-of-00002.safetensors");
  EXPECT_THROW(parse_manifest(manifest_text(lost)), CheckpointError);
  Manifest twice = good;
  twice.optimizer.ranks = {0, 0};
  EXPECT_THROW(parse_manifest(manifest_text(twice)), CheckpointError);
}

TEST_F(Damage, AllDamagedIsAnErrorAndNotAFreshStart) {
  for (const char* name : {"step-00000001", "step-00000002"})
    std::filesystem::resize_file(folder_.path() / name / "model.safetensors", 3);
  try {
    find_checkpoint(folder_.path());
    FAIL() << "a damaged checkpoint was taken";
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find("all 2 checkpoints"), std::string::npos) << error.what();
  }
}

TEST_F(Damage, AFolderThatIsNoCheckpoint) {
  try {
    CheckpointReader(folder_.path(), true);
    FAIL() << "read a checkpoint where none is";
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find("RUN/checkpoints/step-00000500"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace convoy
