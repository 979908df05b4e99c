#include "datasets/text/text_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "datasets/block_checksums.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

TextFile scanned(const std::filesystem::path& path, std::set<char32_t>* characters = nullptr) {
  TextFile file{path, path.filename().string(), 0, 0};
  scan_text_file(file, characters, [](int64_t) {});
  return file;
}

std::vector<std::string> pieces_of(const TextFile& file, int64_t piece_bytes) {
  std::vector<std::string> pieces;
  read_pieces(file, 0, file.bytes, piece_bytes, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

// Characters of several bytes lie across the 1 MiB that are read at a time.
TEST(TextFiles, ScansAcrossReads) {
  const TemporaryFolder folder;
  for (const int shift : {0, 1, 2, 3}) {
    std::string text(static_cast<size_t>(shift), 'a');
    while (text.size() < (1 << 20) + 100) text += "\U0001f600\u65e5";
    write_text(folder / "text.txt", text);
    std::set<char32_t> characters;
    const TextFile file = scanned(folder / "text.txt", &characters);
    EXPECT_EQ(file.bytes, static_cast<int64_t>(text.size()));
    EXPECT_EQ(file.checksum, xxh3_64(text));
    EXPECT_EQ(characters.size(), shift == 0 ? 2u : 3u);
  }
}

TEST(TextFiles, NamesTheInvalidByte) {
  const TemporaryFolder folder;
  for (const size_t place : {size_t{0}, size_t{77}, (size_t{1} << 20) - 1, size_t{1} << 20, size_t{1500000}}) {
    std::string text(1600000, 'a');
    text[place] = '\xe9';
    write_text(folder / "latin1.txt", text);
    EXPECT_DATA_ERROR(scanned(folder / "latin1.txt"), "latin1.txt", "0xe9 at position " + std::to_string(place),
                      "iconv");
  }
  write_text(folder / "cut.txt", "abc\xe2\x82");
  EXPECT_DATA_ERROR(scanned(folder / "cut.txt"), "position 3", "was cut off");
}

// A pipe is read once: its copy takes its place.
TEST(TextFiles, APipeIsCopied) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const std::string text = std::string(3 << 20, 'x') + "end\u00e9";
  std::thread writer([&] { write_text(folder / "pipe", text); });
  TextFile file{folder / "pipe", "pipe", 0, 0, true};
  scan_text_file(
      file, nullptr, [](int64_t) {}, folder / "copy");
  writer.join();
  EXPECT_EQ(file.path, folder / "copy");
  EXPECT_FALSE(file.is_pipe);
  EXPECT_EQ(file.bytes, static_cast<int64_t>(text.size()));
  EXPECT_EQ(file.checksum, xxh3_64(text));
  EXPECT_EQ(read_text(folder / "copy"), text);
}

TEST(TextFiles, PiecesJoinToTheText) {
  const TemporaryFolder folder;
  const std::string text = "a line\nanother\n\n\nmore \u65e5\u672c\U0001f600\u65e5\u672c without end\n x\ny\n\n";
  write_text(folder / "text.txt", text);
  const TextFile file = scanned(folder / "text.txt");
  for (int64_t bytes = 1; bytes < 60; ++bytes) {
    std::string joined;
    for (const std::string& piece : pieces_of(file, bytes)) {
      EXPECT_LE(piece.size(), static_cast<size_t>(bytes));
      joined += piece;
    }
    EXPECT_EQ(joined, text) << bytes;
  }
}

}  // namespace
}  // namespace convoy
