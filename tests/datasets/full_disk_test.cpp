// Disks that are full or read-only: one clear message and nothing half-written.
#include <gtest/gtest.h>
#include <unistd.h>

#include "datasets/import_text.h"
#include "datasets/token_shard_writer.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/small_disk.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

ImportTextOptions options_for(const std::filesystem::path& text, const std::filesystem::path& out) {
  ImportTextOptions options;
  options.inputs = {text};
  options.out = out;
  return options;
}

// Whatever is the drop that overflows: HDF5's metadata, the tokens, the tokenizer or the manifest.
TEST(FullDisk, ImportLeavesNothingBehind) {
  const TemporaryFolder folder;
  write_text(folder / "text.txt", std::string(40000, 'x') + "\n" + std::string(40000, 'y'));
  int failures = 0;
  for (int kib = 4; kib <= 240; kib += 8) {
    const SmallTokenDisk disk("size=" + std::to_string(kib) + "k");
    if (!disk.ok()) GTEST_SKIP() << disk.reason();
    const auto out = disk.path() / "data";
    try {
      import_text(options_for(folder / "text.txt", out), nullptr);
      EXPECT_TRUE(std::filesystem::exists(out / "manifest.json"));
    } catch (const DataError& error) {
      ++failures;
      EXPECT_NE(std::string(error.what()).find("No space left on device"), std::string::npos) << kib << error.what();
      EXPECT_TRUE(std::filesystem::is_empty(disk.path())) << kib << " KiB";
    }
  }
  EXPECT_GE(failures, 10);
  EXPECT_LE(failures, 29);
}

TEST(FullDisk, ReadOnly) {
  const TemporaryFolder folder;
  write_text(folder / "text.txt", "some text");
  const SmallTokenDisk disk("size=1m");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  ASSERT_TRUE(disk.make_read_only());
  EXPECT_DATA_ERROR(import_text(options_for(folder / "text.txt", disk.path() / "data"), nullptr),
                    "Read-only file system", "choose another folder");
}

TEST(FullDisk, FolderWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  write_text(folder / "text.txt", "some text");
  std::filesystem::create_directory(folder / "closed");
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::owner_read);
  EXPECT_DATA_ERROR(import_text(options_for(folder / "text.txt", folder / "closed" / "data"), nullptr),
                    "Permission denied");
}

// A dataset on a read-only disk is read as well as any other.
TEST(FullDisk, ReadsFromAReadOnlyDisk) {
  const SmallTokenDisk disk("size=1m");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  write_toy_dataset(disk.path(), {.train_tokens = 1000});
  ASSERT_TRUE(disk.make_read_only());
  const auto dataset = open_token_dataset(disk.path(), 16, 1);
  EXPECT_NO_THROW(read_samples(*dataset, Split::train, 0, 10));
}

}  // namespace
}  // namespace convoy
