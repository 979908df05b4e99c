#include "datasets/table/csv_reader.h"

#include <gtest/gtest.h>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class CsvReader : public testing::Test {
 protected:
  Rows read(const std::string& text) {
    write_text(folder_ / "t.csv", text);
    Rows rows;
    lines_.clear();
    read_csv(
        {folder_ / "t.csv", "t.csv", static_cast<int64_t>(text.size())},
        [&](int64_t line, std::span<const std::string> cells) {
          rows.emplace_back(cells.begin(), cells.end());
          lines_.push_back(line);
        },
        [](int64_t) {});
    return rows;
  }

  TemporaryFolder folder_;
  std::vector<int64_t> lines_;  // of the rows that were read last
};

TEST_F(CsvReader, Rows) {
  EXPECT_EQ(read("a,b\n1,2\n3,4\n"), (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(read("a,b\r\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("\xef\xbb\xbfnaïve,b\n"), (Rows{{"naïve", "b"}}));
  EXPECT_EQ(read("a, b ,\n,,\n"), (Rows{{"a", "b", ""}, {"", "", ""}}));
  EXPECT_EQ(read(""), Rows{});
  EXPECT_EQ(read("a\rb\rc"), (Rows{{"a"}, {"b"}, {"c"}}));
}

TEST_F(CsvReader, QuotedCells) {
  EXPECT_EQ(read("\"a, b\",\"say \"\"x\"\"\",\" c \"\n"), (Rows{{"a, b", "say \"x\"", " c "}}));
  EXPECT_EQ(read("\"two\nlines\",2\n\n\n3,4\n"), (Rows{{"two\nlines", "2"}, {"3", "4"}}));
  EXPECT_EQ(lines_, (std::vector<int64_t>{1, 5})) << "a row is where it begins, empty lines count";
}

TEST_F(CsvReader, WhatIsNoCsv) {
  EXPECT_DATA_ERROR(read("a,b\n1,5\" pipe\n"), "line 2: a quotation mark stands in the middle of a cell");
  EXPECT_DATA_ERROR(read("a,b\n1,\"5\" pipe\n"), "line 2:", "text behind the one that ends it");
  EXPECT_DATA_ERROR(read("a,b\n1,\"open\n2,3\n"), "line 2: a cell of this row begins with a quotation mark");
}

// Pieces of the file may end anywhere.
TEST_F(CsvReader, LongerThanAPiece) {
  std::string text = "number,text\n";
  for (int i = 0; i < 120000; ++i) text += std::to_string(i) + ",\"a,b\nc\"\n";
  ASSERT_GT(text.size(), size_t{1} << 20);
  const Rows rows = read(text);
  ASSERT_EQ(rows.size(), 120001u);
  for (size_t i = 1; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i], (std::vector<std::string>{std::to_string(i - 1), "a,b\nc"}));
    ASSERT_EQ(lines_[i], static_cast<int64_t>(2 * i));
  }
}

}  // namespace
}  // namespace convoy
