#include "core/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <span>
#include <thread>

#include "core/base/checksum.h"
#include "core/base/file_observer.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

// Runs f, which must throw a FileError whose text names the path and has `wanted` in it.
template <class F>
void expect_file_error(F&& f, int error_number, const std::filesystem::path& path, const std::string& wanted) {
  try {
    f();
    FAIL() << "no error; wanted: " << wanted;
  } catch (const FileError& error) {
    EXPECT_EQ(error.error_number(), error_number);
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(wanted), std::string::npos) << error.what();
  }
}

TEST(Files, WritesReadsAndAppends) {
  TemporaryFolder folder;
  const std::string content("a\0b\n", 4);
  write_file_atomically(folder / "x", content);
  EXPECT_EQ(read_file(folder / "x"), content);
  write_file_atomically(folder / "x", "");
  EXPECT_EQ(read_file(folder / "x"), "");
  File::append(folder / "x").write("one");
  File file = File::append(folder / "x");
  file.write("two");
  EXPECT_EQ(file.bytes(), 6);
  file.truncate(4);
  file.write("3");
  file.sync();
  file.close();
  EXPECT_EQ(read_file(folder / "x"), "onet3");
}

TEST(Files, AnAtomicWriteLeavesNothingElse) {
  TemporaryFolder folder;
  write_file_atomically(folder / "x", "old");
  std::filesystem::create_directory(folder / "y");
  expect_file_error([&] { write_file_atomically(folder / "y", "new"); }, EISDIR, folder / "y", "folder");
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"x", "y"}));
}

TEST(Files, ErrorsNamePathCauseAndRemedy) {
  TemporaryFolder folder;
  write_file_atomically(folder / "x", "12345");
  expect_file_error([&] { read_file(folder / "absent"); }, ENOENT, folder / "absent", "check the spelling");
  expect_file_error([&] { read_file(folder.path()); }, EISDIR, folder.path(), "Is a directory");
  expect_file_error([&] { File::create(folder / "x"); }, EEXIST, folder / "x", "choose another name");
  expect_file_error([&] { write_file_atomically(folder / "no/x", ""); }, ENOENT, folder / "no/x", "cannot create");
  expect_file_error([&] { make_folder(folder / "x/y"); }, ENOTDIR, folder / "x/y", "a file stands where a folder");
  expect_file_error([&] { sync_folder(folder / "no"); }, ENOENT, folder / "no", "cannot open folder");
  expect_file_error([&] { rename_path(folder / "no", folder / "z"); }, ENOENT, folder / "no", "rename");
  std::byte bytes[6];
  expect_file_error([&] { File::open(folder / "x").read(2, std::span(bytes, 4)); }, ENODATA, folder / "x", "truncated");
}

TEST(Files, AFullDiskIsSaidInSoManyWords) {
  File file = File::append("/dev/full");
  expect_file_error([&] { file.write("x"); }, ENOSPC, "/dev/full", "free space");
}

TEST(Files, APipeInTheWayIsAnErrorAndNoEndlessWait) {
  TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_file_error([&] { read_file(folder / "pipe"); }, ESPIPE, folder / "pipe", "a regular file is wanted");
}

TEST(Files, PlacesOfAFileAreWrittenInAnyOrder) {
  TemporaryFolder folder;
  File::create(folder / "x").write("0123");
  EXPECT_EQ(bytes_of_file(folder / "x"), 4);
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  const File file = File::open(folder / "x");
  File change = File::change(folder / "x");
  change.write_at(6, bytes("67"));
  change.write_at(1, bytes("ab"));
  EXPECT_EQ(read_file(folder / "x"), std::string("0ab3\0\0"
                                                 "67",
                                                 8));
  expect_file_error([&] { File::change(folder / "no"); }, ENOENT, folder / "no", "cannot open for writing");
  expect_file_error([&] { bytes_of_file(folder.path()); }, EISDIR, folder.path(), "Is a directory");
}

TEST(Files, FoldersAreListedAndRemoved) {
  TemporaryFolder folder;
  make_folder(folder / "a/b");
  File::create(folder / "a/c").close();
  EXPECT_EQ(entries_of_folder(folder / "a").size(), 2u);
  EXPECT_TRUE(entries_of_folder(folder / "no").empty());
  remove_path(folder / "a");
  remove_path(folder / "a");
  EXPECT_FALSE(is_there(folder / "a"));
}

TEST(FileObserver, CountsWhatItsThreadDoes) {
  TemporaryFolder folder;
  FileCounter mine, others;
  {
    const ObservedFiles observed(&mine);
    write_file_atomically(folder / "x", "12345");
    std::thread([&] {
      const ObservedFiles of_thread(&others);
      EXPECT_EQ(read_file(folder / "x"), "12345");
    }).join();
    std::thread([&] { read_file(folder / "x"); }).join();
  }
  read_file(folder / "x");
  EXPECT_EQ(mine.count(FileOperation::open), 2) << "the file and the folder";
  EXPECT_EQ(mine.count(FileOperation::sync), 2);
  EXPECT_EQ(mine.count(FileOperation::rename), 1);
  EXPECT_EQ(mine.bytes(FileOperation::write), 5);
  EXPECT_EQ(mine.bytes(FileOperation::read), 0);
  EXPECT_EQ(others.count(FileOperation::open), 1);
  EXPECT_EQ(others.bytes(FileOperation::read), 5);
  EXPECT_EQ(others.metadata(), 1);
}

// Values that `xxhsum -H2` prints.
TEST(Checksum, KnownValuesInAnyPieces) {
  EXPECT_EQ(checksum_of(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(checksum_of("abc"), "06b05ab6733a618578af5f94892f3950");
  TemporaryFolder folder;
  std::string long_text;
  for (int i = 0; long_text.size() < 9'000'000; ++i) long_text += std::to_string(i);
  Checksum pieces;
  for (size_t i = 0; i < long_text.size(); i += 100'003)
    pieces.update(std::as_bytes(std::span(long_text).subspan(i, std::min<size_t>(100'003, long_text.size() - i))));
  EXPECT_EQ(pieces.hex(), checksum_of(long_text));
  write_file_atomically(folder / "x", long_text);
  EXPECT_EQ(checksum_of_file(folder / "x"), checksum_of(long_text));
  long_text[5'000'000] ^= 1;
  EXPECT_NE(checksum_of(long_text), pieces.hex());
}

TEST(IsThere, TellsWhatLiesAtAPath) {
  TemporaryFolder folder;
  write_file_atomically(folder / "file", "");
  std::filesystem::create_symlink("nowhere", folder / "dangling");
  EXPECT_TRUE(is_there(folder.path()) && is_there(folder / "file"));
  EXPECT_TRUE(is_folder(folder.path()));
  EXPECT_FALSE(is_folder(folder / "file"));
  for (const char* absent : {"missing", "missing/below", "file/below", "dangling"}) {
    EXPECT_FALSE(is_there(folder / absent)) << absent;
    EXPECT_FALSE(is_folder(folder / absent)) << absent;
  }
}

// Neither there nor absent: it cannot be known. (What permissions forbid is tested by integration/permissions_test.sh.)
TEST(IsThere, WhatCannotBeLookedAtIsAnErrorWithItsRemedy) {
  TemporaryFolder folder;
  std::filesystem::create_symlink("circle", folder / "circle");
  for (const std::string& name : {std::string(300, 'x'), std::string("circle")}) {
    try {
      is_there(folder / name);
      FAIL() << name;
    } catch (const FileError& error) {
      EXPECT_NE(std::string(error.what()).find("choose"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace convoy
