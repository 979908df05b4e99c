#include <gtest/gtest.h>

#include <random>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/table/read_any_table.h"

namespace convoy {
namespace {

const std::string kTables[] = {
    "a,b,y\n1,2.5,3\n4,NA,6\n7,8,9\n",
    "\xef\xbb\xbfname;when;kind\r\n\"x; \"\"1\"\"\";2024-03-05;yes\r\ny;2024-03-06T10:00;no\r\nx;;yes\r\n",
    "1\t2\t3\n4\t5\t6\n7\t8\t8\n",
    "a|b|y\ntrue|\"two\nlines\"|1e5\nfalse|\"\"|-.5\nyes|c|+3\n",
    "a,y\r1,x\r2,\"y\"\r3,x\r",
};

TEST(AnyTable, IsReadAsItIs) {
  const TemporaryFolder folder;
  for (const std::string& table : kTables) EXPECT_TRUE(read_any_table(table, folder / "t.csv")) << table;
}

// Bytes that matter to CSV put anywhere, parts left out, doubled and joined: read, or refused, but never lost.
TEST(AnyTable, IsReadOrRefused) {
  const TemporaryFolder folder;
  std::mt19937 random(5);
  const auto below = [&](size_t n) { return static_cast<size_t>(random()) % std::max<size_t>(n, 1); };
  constexpr std::string_view kBytes("\"\",;|\t\n\r\0 .-+e1NA\xff\xc3", 20);
  int read = 0, refused = 0;
  for (int i = 0; i < 1000; ++i) {
    std::string text = kTables[below(std::size(kTables))];
    for (size_t changes = 1 + below(4); changes > 0; --changes) {
      const size_t at = below(text.size()), length = below(text.size() - at + 1);
      switch (below(4)) {
        case 0:
          text.insert(at, 1, kBytes[below(kBytes.size())]);
          break;
        case 1:
          if (!text.empty()) text[at] = kBytes[below(kBytes.size())];
          break;
        case 2:
          text.erase(at, length / 2);
          break;
        default:
          text.insert(at, text.substr(at, length));
      }
    }
    SCOPED_TRACE(testing::PrintToString(text));
    ASSERT_NO_THROW(++(read_any_table(text, folder / "t.csv") ? read : refused));
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace convoy
