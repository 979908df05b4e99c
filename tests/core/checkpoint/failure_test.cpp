// Disks that are full or read-only, ranks that fail or never come.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/core/checkpoint/toy_checkpoint.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

// A file system of its own. ok() is false where this user may not mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const char* options)
      : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options) == 0), error_(errno) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool ok() const { return mounted_; }
  std::string reason() const { return std::string("cannot mount a tmpfs: ") + std::strerror(error_); }
  bool make_read_only() const {
    return ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  bool mounted_;
  int error_;
};

size_t entries_in(const std::filesystem::path& folder) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) count += entry.exists() ? 1 : 0;
  return count;
}

TEST(CheckpointFailure, AFullDiskLeavesTheOlderCheckpointAndNothingElse) {
  const SmallDisk disk("size=512k");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  const auto folder = disk.path() / "checkpoints";
  for (const int size : {1, 2}) {
    SCOPED_TRACE(std::to_string(size) + " ranks");
    ASSERT_EQ(save_as(size, folder, 1), std::nullopt);
    {
      std::ofstream filler(disk.path() / "filler");
      filler << std::string(512 << 10, 'x');
    }
    const auto failure = save_as(size, folder, 2);
    ASSERT_TRUE(failure.has_value());
    EXPECT_NE(failure->find("free space"), std::string::npos) << *failure;
    EXPECT_EQ(entries_in(folder), 2u) << "step 1 and latest";
    EXPECT_EQ(find_checkpoint(folder)->filename(), "step-00000001");
    ToyState(1).expect_equal(CheckpointReader(folder / "step-00000001", true));
    std::filesystem::remove(disk.path() / "filler");
    EXPECT_EQ(save_as(size, folder, 3), std::nullopt) << "once there is space again";
    EXPECT_EQ(entries_in(folder), 3u) << "steps 1 and 3 and latest, nothing of late ranks";
    std::filesystem::remove_all(folder);
  }
}

// Two ranks that save one after the other; every rank hears of what failed on any.
std::vector<std::optional<std::string>> two_save(const std::filesystem::path& folder, int saves,
                                                 const std::function<void(int save)>& before = {},
                                                 int64_t elements_of_second = kToyElements) {
  std::vector<std::optional<std::string>> failures(2);
  on_threads(2, [&](Communicator& ranks) {
    CheckpointStore store(ranks, {folder, "n", 0});
    ToyState state(5, ranks.rank() == 0 ? kToyElements : elements_of_second);
    for (int save = 1; save <= saves; ++save) {
      if (before && ranks.rank() == 0) before(save);
      ranks.barrier_host();
      store.save(state.contents(ranks.rank(), 2));
      store.wait();
    }
    failures[static_cast<size_t>(ranks.rank())] = store.failure();
  });
  return failures;
}

TEST(CheckpointFailure, APartThatCannotBeWrittenIsToldToAll) {
  TemporaryFolder folder;
  const auto put_in_the_way = [&](int save) {
    if (save == 1)
      std::filesystem::create_directories(folder /
                                          ".step-00000005.n.1.tmp/optimizer-00001-of-00002.safetensors/in the way");
  };
  for (const auto& failure : two_save(folder.path(), 1, put_in_the_way)) {
    ASSERT_TRUE(failure.has_value());
    EXPECT_NE(failure->find("rank 1: cannot create"), std::string::npos) << *failure;
  }
  EXPECT_EQ(entries_in(folder.path()), 0u);
  for (const auto& failure : two_save(folder.path(), 2, put_in_the_way))
    EXPECT_EQ(failure, std::nullopt) << "the next save is a new chance";
}

TEST(CheckpointFailure, RanksThatDisagreeMakeNoCheckpoint) {
  TemporaryFolder folder;
  for (const auto& failure : two_save(folder.path(), 1, {}, 77)) EXPECT_TRUE(failure.has_value());
  EXPECT_EQ(find_checkpoint(folder.path()), std::nullopt);
}

void expect_refused_at_start(const std::filesystem::path& folder, const std::string& wanted) {
  try {
    CheckpointStore::check_writable({folder, "n", 2});
    FAIL() << "checkpoints in " << folder;
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find(wanted), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(folder.string()), std::string::npos) << error.what();
  }
}

TEST(CheckpointFailure, AReadOnlyDiskIsAnErrorAtTheStart) {
  const SmallDisk disk("size=64k");
  if (!disk.ok() || !disk.make_read_only()) GTEST_SKIP() << disk.reason();
  expect_refused_at_start(disk.path() / "checkpoints", "read-only");
}

TEST(CheckpointFailure, AFolderWithoutPermissionIsAnErrorAtTheStart) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read);
  expect_refused_at_start(folder / "checkpoints", "permissions");
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
}

TEST(CheckpointFailure, AFileInTheWayIsAnErrorAtTheStart) {
  TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  expect_refused_at_start(folder / "file", "");
  expect_refused_at_start(folder / "file/checkpoints", "");
}

}  // namespace
}  // namespace convoy
