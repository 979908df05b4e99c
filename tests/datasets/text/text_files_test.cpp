#include "datasets/text/text_files.h"

#include <gtest/gtest.h>

#include "datasets/block_checksums.h"
#include "datasets/text/utf8.h"
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

TEST(TextFiles, FindsTextBelowAFolderInOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"b.txt", "a/z.md", "a/b/c.txt", "c.md", "c.html", "data.bin", "a/txt"})
    write_text(folder / name, "x");
  std::vector<std::string> names;
  for (const TextFile& file : find_text_files({folder / "c.html", folder.path()})) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"c.html", "a/b/c.txt", "a/z.md", "b.txt", "c.md"}));
}

TEST(TextFiles, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_DATA_ERROR(find_text_files({folder / "none"}), "none: no such file or folder");
  EXPECT_DATA_ERROR(find_text_files({folder.path()}), "no *.txt or *.md file");
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
  EXPECT_DATA_ERROR(scanned(folder / "cut.txt"), "position 3");
}

TEST(TextFiles, PiecesJoinToTheText) {
  const TemporaryFolder folder;
  const std::string text = "a line\nanother\n\n\nmore \u65e5\u672c\U0001f600\u65e5\u672c without end\n x\ny\n\n";
  write_text(folder / "text.txt", text);
  const TextFile file = scanned(folder / "text.txt");
  for (int64_t bytes = 1; bytes < 60; ++bytes) {
    std::string joined;
    for (const std::string& piece : pieces_of(file, bytes)) {
      EXPECT_EQ(first_invalid_utf8(piece), std::nullopt);
      joined += piece;
    }
    EXPECT_EQ(joined, text) << bytes;
  }
  EXPECT_EQ(pieces_of(file, 11).front(), "a line\n") << "a cut that no tokenizer notices";
}

}  // namespace
}  // namespace convoy
