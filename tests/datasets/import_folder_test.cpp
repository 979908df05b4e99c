// Where an import may write, and that this is known before any text is read.
#include "datasets/import_folder.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "core/base/files.h"
#include "datasets/dataset_manifest.h"
#include "datasets/import_text.h"
#include "datasets/inspect.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/small_disk.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

ImportTextOptions import_into(const fs::path& text, const fs::path& out, bool force = false) {
  ImportTextOptions options;
  options.inputs = {text};
  options.out = out;
  options.force = force;
  return options;
}

ImportProgressFunction none_is_read() {
  return [](const ImportProgress& progress) { EXPECT_EQ(progress.bytes_done, 0) << "the text was read"; };
}

// The first dataset, the same again, another in its place: whole each time, and nothing beside or within it.
void expect_imports(const fs::path& text, const fs::path& out) {
  write_text(text, "some text\nof two lines\n");
  EXPECT_FALSE(import_text(import_into(text, out), nullptr).was_there);
  EXPECT_TRUE(import_text(import_into(text, out), nullptr).was_there);
  write_text(text, "another text\nof three\nlines\n");
  EXPECT_DATA_ERROR(import_text(import_into(text, out), none_is_read()), "other data or options");
  EXPECT_FALSE(import_text(import_into(text, out, true), nullptr).was_there);
  EXPECT_EQ(read_dataset_manifest(out).import.sources.at(0).bytes, 28);
  EXPECT_EQ(verify_dataset(out, nullptr), std::vector<std::string>{});
  for (const auto& entry : fs::directory_iterator(out))
    EXPECT_NE(entry.path().filename(), ".importing") << "is left in " << out;
}

TEST(ImportFolder, BesideAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  expect_imports(folder / "text.txt", folder / "deep" / "er" / "data");
  expect_imports(folder / "text.txt", folder / "data2" / "");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 3);
}

TEST(ImportFolder, InAnEmptyFolderAndThroughALink) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "empty" / "lost+found");
  expect_imports(folder / "text.txt", folder / "empty");
  fs::create_directories(folder / "far");
  fs::create_symlink("far", folder / "link");
  expect_imports(folder / "text.txt", folder / "link");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_TRUE(fs::exists(folder / "far" / "manifest.json"));
  fs::create_symlink("nowhere", folder / "dangling");
  EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", folder / "dangling"), none_is_read()),
                    "dangling: is a link to nowhere, which is not there");
}

TEST(ImportFolder, TheFolderThatWeAreIn) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::create_directories(folder / "data");
  for (const char* out : {".", "../data", "./"}) {
    fs::current_path(folder / "data");
    expect_imports(folder / "text.txt", out);
    EXPECT_TRUE(fs::equivalent(fs::current_path(), folder / "data")) << "it was replaced below our feet";
    expect_imports(folder / "text.txt", "within");
    fs::remove_all("within");
    fs::current_path(before);
    fs::remove_all(folder / "data");
    fs::create_directories(folder / "data");
  }
}

TEST(ImportFolder, AMountedFileSystem) {
  const TemporaryFolder folder;
  const SmallTokenDisk disk("size=4m");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  expect_imports(folder / "text.txt", disk.path());
  // Mounted from a folder of the same file system, which has the device number of the folder around it.
  fs::create_directories(folder / "from");
  fs::create_directories(folder / "bound");
  ASSERT_EQ(::mount((folder / "from").c_str(), (folder / "bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  expect_imports(folder / "text.txt", folder / "bound");
  EXPECT_EQ(::umount2((folder / "bound").c_str(), MNT_DETACH), 0);
}

// A writable file system in a folder where nothing can be made.
TEST(ImportFolder, WithinAParentThatCannotBeWritten) {
  const TemporaryFolder folder;
  const SmallTokenDisk parent("size=1m"), disk("size=4m");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  fs::create_directories(parent.path() / "data");
  ASSERT_EQ(::mount(disk.path().c_str(), (parent.path() / "data").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_TRUE(parent.make_read_only());
  expect_imports(folder / "text.txt", parent.path() / "data");
  EXPECT_EQ(::umount2((parent.path() / "data").c_str(), MNT_DETACH), 0);
  EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", parent.path() / "data"), none_is_read()),
                    "cannot make folder", "Read-only file system");
  EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", parent.path() / "new" / "data"), none_is_read()),
                    "cannot make folder", "Read-only file system");
}

TEST(ImportFolder, WhatIsKnownAtTheStartIsSaidAtTheStart) {
  const TemporaryFolder folder;
  write_text(folder / "text.txt", "some text");
  write_text(folder / "books" / "b.txt", "some text");
  const auto refused = [&](const fs::path& out, const std::string& part, bool force = false) {
    EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", out, force), none_is_read()), part);
  };
  refused("/", "which is no part of a dataset", true);
  refused("", "name is empty");
  refused(folder / "books", "holds b.txt, which is no part of a dataset");
  refused(folder / "text.txt", "is a file");
  refused(folder / "text.txt" / "data", "Not a directory");
  refused(folder / std::string(250, 'n'), "choose a shorter one");
  refused("/proc/data", "cannot make folder");
  const ImportFolder other(folder / "data");
  refused(folder / "data", "data.importing: another import is writing here");
  EXPECT_FALSE(fs::exists(folder / "deep"));
}

TEST(ImportFolder, NothingIsLeftOfWhatFailed) {
  const TemporaryFolder folder;
  write_text(folder / "text.txt", "abc\xff");
  fs::create_directories(folder / "empty");
  for (const char* out : {"new", "deep/er/new", "empty"})
    EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", folder / out), nullptr), "0xff");
  EXPECT_FALSE(fs::exists(folder / "new"));
  EXPECT_FALSE(fs::exists(folder / "deep"));
  EXPECT_TRUE(fs::is_empty(folder / "empty"));
}

// Killed while it moved its files: what it left is no dataset, and cleared by the next import.
TEST(ImportFolder, WhatAKilledImportLeftWithinIsCleared) {
  const TemporaryFolder folder;
  write_text(folder / "data" / ".importing" / "manifest.json", "{}");
  write_text(folder / "data" / "train-00000.h5", "half");
  write_text(folder / "data" / "train-00007.h5", "of a larger one");
  EXPECT_DATA_ERROR(read_dataset_manifest(folder / "data"), "no manifest.json");
  expect_imports(folder / "text.txt", folder / "data");
  EXPECT_FALSE(fs::exists(folder / "data" / "train-00007.h5"));
  write_text(folder / "data" / "mine.h5", "no shard");
  EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", folder / "data", true), none_is_read()),
                    "holds mine.h5, which is no part of a dataset");
}

TEST(ImportFolder, TooLittleRoomIsKnownAtTheStart) {
  const TemporaryFolder folder;
  const SmallTokenDisk disk("size=64k");
  if (!disk.ok()) GTEST_SKIP() << disk.reason();
  write_text(folder / "text.txt", std::string(200000, 'x'));
  EXPECT_DATA_ERROR(import_text(import_into(folder / "text.txt", disk.path() / "data"), none_is_read()),
                    "100000 bytes that the tokens take at least", "No space left on device", "free space");
  EXPECT_TRUE(fs::is_empty(disk.path()));
}

}  // namespace
}  // namespace convoy
