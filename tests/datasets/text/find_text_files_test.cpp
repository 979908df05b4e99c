#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/files.h"
#include "datasets/text/text_files.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText[] = {".txt", ".md"};

TEST(FindTextFiles, FindsTextBelowAFolderInOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"b.txt", "a/z.md", "a/b/c.txt", "c.md", "c.html", "data.bin", "a/txt"})
    write_text(folder / name, "x");
  std::vector<std::string> names;
  for (const TextFile& file : find_text_files({folder / "c.html", folder.path()}, kText)) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"c.html", "a/b/c.txt", "a/z.md", "b.txt", "c.md"}));
}

TEST(FindTextFiles, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_DATA_ERROR(find_text_files({folder / "none"}, kText), "none: no such file or folder");
  EXPECT_DATA_ERROR(find_text_files({folder.path()}, kText), "no *.txt or *.md file");
}

TEST(FindTextFiles, LinksThatLeadNowhere) {
  const TemporaryFolder folder;
  fs::create_symlink("none", folder / "gone.txt");
  fs::create_symlink("loop.txt", folder / "loop.txt");
  fs::create_symlink("here/..", folder / "here");
  EXPECT_DATA_ERROR(find_text_files({folder / "gone.txt"}, kText), "gone.txt: is a link to none, which is not there");
  EXPECT_DATA_ERROR(find_text_files({folder / "loop.txt"}, kText), "loop.txt: is a link that leads to itself");
  EXPECT_DATA_ERROR(find_text_files({folder / "here"}, kText), "here: is a link that leads to itself");
  EXPECT_DATA_ERROR(find_text_files({"-"}, kText), "standard input is named /dev/stdin");
  for (const char* bad : {"gone.txt", "loop.txt"}) {
    fs::create_directories(folder / "books");
    write_text(folder / "books" / "a.txt", "x");
    fs::create_symlink(bad, folder / "books" / bad);
    EXPECT_DATA_ERROR(find_text_files({folder / "books"}, kText), bad, "mend or remove it");
    fs::remove_all(folder / "books");
  }
}

// A folder that links to itself has no end; what is left out is said.
TEST(FindTextFiles, LinksToFoldersAreNotFollowedButNoted) {
  const TemporaryFolder folder;
  write_text(folder / "books" / "a.txt", "x");
  write_text(folder / "more" / "b.txt", "x");
  fs::create_symlink("a.txt", folder / "books" / "again.txt");
  fs::create_symlink(".", folder / "books" / "self");
  fs::create_symlink("../more", folder / "books" / "more");
  std::vector<std::string> notes;
  const auto files = find_text_files({folder / "books"}, kText, &notes);
  ASSERT_EQ(files.size(), 2u) << "a link to a file is that file";
  EXPECT_EQ(files[1].name, "again.txt");
  std::sort(notes.begin(), notes.end());
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_NE(notes[0].find("books/more: links to folders are not followed"), std::string::npos) << notes[0];
  EXPECT_EQ(find_text_files({folder / "books" / "more"}, kText).size(), 1u) << "when named itself it is";
}

TEST(FindTextFiles, PipesAreTakenSocketsAndDevicesAreNot) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe.txt").c_str(), 0600), 0);
  const auto files = find_text_files({folder / "pipe.txt"}, kText);
  EXPECT_TRUE(files[0].is_pipe);
  EXPECT_EQ(files[0].name, "pipe.txt");
  EXPECT_DATA_ERROR(find_text_files({folder.path()}, kText), "pipe.txt: is a pipe", "name it beside the folder");
  EXPECT_DATA_ERROR(find_text_files({"/dev/null"}, kText),
                    "/dev/null: is a device; wanted are files, folders or pipes");
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  EXPECT_DATA_ERROR(find_text_files({"/dev/fd/" + std::to_string(ends[0])}, kText), "is a socket",
                    "`cat` makes a pipe of it");
  ::close(ends[0]), ::close(ends[1]);
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(find_text_files({"/dev/fd/" + std::to_string(ends[0])}, kText)[0].name, "pipe")
      << "the number is another each time";
  ::close(ends[0]), ::close(ends[1]);
}

TEST(FindTextFiles, AFolderThatMayNotBeReadIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  write_text(folder / "closed" / "a.txt", "x");
  fs::permissions(folder / "closed", fs::perms::none);
  EXPECT_THROW(find_text_files({folder.path()}, kText), FileError);
  fs::permissions(folder / "closed", fs::perms::owner_all);
}

}  // namespace
}  // namespace convoy
