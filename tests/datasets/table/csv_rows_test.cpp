#include "datasets/table/csv_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "datasets/table/csv_delimiter.h"
#include "datasets/table/quoted_rows.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class CsvRows : public testing::Test {
 protected:
  // As files are read: block by block.
  Rows read(const std::string& text, char delimiter = ',') {
    write_text(folder_ / "t.csv", text);
    Rows rows;
    lines_.clear();
    const TextFile file{folder_ / "t.csv", "t.csv", static_cast<int64_t>(text.size())};
    CsvBlocks blocks(file);
    CsvBlock block;
    for (blocks_ = 0; blocks.next(block); ++blocks_) {
      EXPECT_EQ(block.is_first, blocks_ == 0);
      read_rows(block, delimiter, [&](int64_t line, CsvCells cells) {
        rows.emplace_back(cells.begin(), cells.end());
        lines_.push_back(line);
      });
    }
    return rows;
  }

  TemporaryFolder folder_;
  std::vector<int64_t> lines_;  // of the rows that were read last
  int blocks_ = 0;
};

TEST_F(CsvRows, Rows) {
  EXPECT_EQ(read("a,b\n1,2\n3,4\n"), (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(read("a,b\r\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("\xef\xbb\xbfnaïve,b\n"), (Rows{{"naïve", "b"}}));
  EXPECT_EQ(read("a, b ,\n,,\n"), (Rows{{"a", "b", ""}, {"", "", ""}}));
  EXPECT_EQ(read(""), Rows{});
  EXPECT_EQ(read("\n\n  \na\n"), (Rows{{"a"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{4}));
  EXPECT_EQ(read("a\rb\rc"), (Rows{{"a"}, {"b"}, {"c"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(read("a,b;c\n", ';'), (Rows{{"a,b", "c"}}));
  EXPECT_EQ(read("a\t b \t\n", '\t'), (Rows{{"a", "b", ""}}));
}

// What a reader gives of a text: its rows, or that it refuses it.
template <class Read>
std::string outcome(const Read& read) {
  std::string text;
  try {
    read([&](int64_t line, CsvCells cells) {
      text += std::to_string(line);
      for (const std::string_view cell : cells) text += "[" + std::string(cell) + "]";
    });
  } catch (const DataError&) {
    return "refused";
  }
  return text;
}

// Rows of quoted cells are mostly cut here, and as Libcsv reads them.
TEST_F(CsvRows, QuotedCellsAsLibcsvReadsThem) {
  const std::string alphabet = "ab \"\"\"\",,\r\t";
  uint32_t state = 1;
  const auto draw = [&](size_t count) { return (state = state * 1664525u + 1013904223u, (state >> 8) % count); };
  int good = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string row = "a,";
    for (size_t length = draw(12); length > 0; --length) row += alphabet[draw(alphabet.size())];
    if (i % 2 == 0) row = "\"x " + std::to_string(i) + "\"," + row + ",\" y,\"";
    row += i % 3 == 0 ? "\r\n" : "\n";
    if (row.find('"') == std::string::npos) continue;
    const std::string wanted = outcome([&](const CsvVisitor& visit) { QuotedRows(',').read(row, 1, visit); });
    const std::string found = outcome([&](const CsvVisitor& visit) {
      read_rows(CsvBlock{row + "\n", 1, false, '\n'}, ',', visit);
    });
    if (wanted != "refused") {
      ASSERT_EQ(found, wanted) << row;
      ++good;
    } else if (std::count(row.begin(), row.end(), '"') % 2 == 0) {
      ASSERT_EQ(found, wanted) << row;
    }
  }
  EXPECT_GT(good, 20000);
}

// Cells of every length, so that delimiters stand at every place of what is looked at together.
TEST_F(CsvRows, CellsOfAnyLength) {
  std::string text;
  Rows wanted;
  for (size_t length = 0; length < 80; ++length) {
    const std::string cell(length, 'x');
    wanted.push_back({cell, "1", cell});
    text += cell + ",1," + cell + (length % 3 == 0 ? "\r\n" : "\n");
  }
  EXPECT_EQ(read(text), wanted);
}

TEST_F(CsvRows, QuotedCells) {
  EXPECT_EQ(read("\"a, b\",\"say \"\"x\"\"\",\" c \"\n"), (Rows{{"a, b", "say \"x\"", " c "}}));
  EXPECT_EQ(read("\"two\nlines\",2\n\n\n3,4\n"), (Rows{{"two\nlines", "2"}, {"3", "4"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 5})) << "a row is where it begins, empty lines count";
  EXPECT_EQ(read("\"a;b\"; c ;\"\"\n", ';'), (Rows{{"a;b", "c", ""}}));
  EXPECT_EQ(read("a, \"b\" ,c"), (Rows{{"a", "b", "c"}}));
  EXPECT_EQ(read("1,2\n\"a\",b\n3,4\n"), (Rows{{"1", "2"}, {"a", "b"}, {"3", "4"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(CsvRows, WhatIsNoCsv) {
  EXPECT_DATA_ERROR(read("a,b\n1,5\" pipe\n"), "line 2: a quotation mark stands in the middle of a cell");
  EXPECT_DATA_ERROR(read("a,b\n1,\"5\" pipe\n"), "line 2:", "text behind the one that ends it");
  EXPECT_DATA_ERROR(read("a,b\n1,\"open\n2,3\n"), "line 2: a cell of this row begins with a quotation mark");
  EXPECT_DATA_ERROR(read(std::string("a,b\n1,2\n3,\0\n", 12)), "line 3: a NUL byte");
}

// Blocks end where rows do, wherever the quotation marks are.
TEST_F(CsvRows, LongerThanABlock) {
  std::string text = "number,text\n";
  for (int i = 0; i < 220000; ++i) text += std::to_string(i) + (i % 3 == 0 ? ",\"a,b\nc\"\n" : ",abc\n");
  const Rows rows = read(text);
  EXPECT_GE(blocks_, 2);
  ASSERT_EQ(rows.size(), 220001u);
  int64_t line = 2;
  for (size_t i = 1; i < rows.size(); ++i) {
    const bool quoted = (i - 1) % 3 == 0;
    ASSERT_EQ(rows[i], (std::vector<std::string>{std::to_string(i - 1), quoted ? "a,b\nc" : "abc"}));
    ASSERT_EQ(lines_[i], line);
    line += quoted ? 2 : 1;
  }
}

TEST_F(CsvRows, ACellLongerThanABlock) {
  const std::string cell(3 << 20, 'x');
  const Rows rows = read("a,b\n\"" + cell + "\n\",1\n2,3\n");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1][0].size(), cell.size() + 1);
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 2, 4}));
}

// Memory stays bounded: a quotation mark that none ends does not make one cell of the whole file.
TEST_F(CsvRows, ARowThatDoesNotEnd) {
  std::string text = "a,b\n1,\"\n";
  while (text.size() < (20 << 20)) text += "1,2345678901234567890\n";
  EXPECT_DATA_ERROR(read(text), "line 2: this row does not end within 16 MiB");
}

TEST_F(CsvRows, CellsAsTheyAreWritten) {
  const std::string cells[] = {"plain", "a,b", "say \"x\"", "two\nlines", " space", "", "50%"};
  std::string text;
  for (const std::string& cell : cells) {
    append_csv_cell(text, cell);
    text += ",";
  }
  EXPECT_EQ(text, "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" space\",,50%,");
  EXPECT_EQ(read(text).at(0),
            (std::vector<std::string>{"plain", "a,b", "say \"x\"", "two\nlines", " space", "", "50%", ""}));
}

TEST(CsvDelimiter, IsFoundOut) {
  const std::pair<const char*, char> texts[] = {{"a,b\n1,2\n", ','},
                                                {"a;b\n1,5;2,5\n", ';'},
                                                {"a\tb\n1,5\t2\n", '\t'},
                                                {"a|b\n1|2\n", '|'},
                                                {"a,b\n\"x;y\",1\n\"z\",2\n", ','},
                                                {"a,b;c\n1,2\n3,4\n", ','},
                                                {"one\n1\n", ','},
                                                {"", ','},
                                                {"a;b\n\"1;2\",3;4\n", ','},
                                                {"name;note\n\"x\";\"a, b\"\n", ';'}};
  for (const auto& [text, delimiter] : texts) {
    CsvBlock block;
    block.text = text;
    EXPECT_EQ(find_delimiter(block), delimiter) << text;
  }
}

TEST(CsvDelimiter, Names) {
  EXPECT_EQ(delimiter_named("auto"), 0);
  EXPECT_EQ(delimiter_named("tab"), '\t');
  EXPECT_EQ(delimiter_named("\\t"), '\t');
  EXPECT_EQ(delimiter_named(";"), ';');
  EXPECT_EQ(name_of_delimiter('|'), "bar");
  EXPECT_THROW(delimiter_named("x"), ConfigError);
}

}  // namespace
}  // namespace convoy
