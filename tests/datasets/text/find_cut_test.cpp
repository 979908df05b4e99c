#include <gtest/gtest.h>

#include "datasets/text/text_files.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

class FindCut : public testing::Test {
 protected:
  int64_t cut(const std::string& text, int64_t from) const {
    write_text(folder_ / "text.txt", text);
    return find_cut({folder_ / "text.txt", "text.txt", static_cast<int64_t>(text.size()), 0}, from);
  }
  TemporaryFolder folder_;
};

TEST_F(FindCut, BehindTheNearestLineEnd) {
  const std::string text = "one\ntwo\nthree four";  // cuts behind line ends: 4 and 8
  const int64_t wanted[] = {0, 1, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 14, 15, 16, 17, 18, 18};
  for (int64_t from = 0; from <= 19; ++from) EXPECT_EQ(cut(text, from), wanted[from]) << from;
}

// Neither part becomes empty, nor twice what was wanted.
TEST_F(FindCut, WhereTheShareSaysIfLineEndsAreTooFar) {
  EXPECT_EQ(cut(std::string(40000, 'x') + "\n", 20001), 20001) << "the only line end is the last byte";
  EXPECT_EQ(cut(std::string(40000, 'x'), 20000), 20000);
  EXPECT_EQ(cut("\n" + std::string(999, 'x'), 900), 900) << "a heading and one long line";
  EXPECT_EQ(cut(std::string(999, 'x') + "\nend", 900), 1000);
  const std::string lines(99, 'a'), far(400000, 'x');
  EXPECT_EQ(cut(lines + "\n" + far + "\n" + lines + "\n", 200000), 200000) << "one long line among short ones";
  EXPECT_EQ(cut(lines + "\n" + far + "\n" + lines + "\n", 60000), 100);
  EXPECT_EQ(cut("a\n", 1), 1) << "behind the last line end is nothing";
  EXPECT_EQ(cut("\n\n\n", 1), 1);
}

TEST_F(FindCut, NeverWithinACharacter) {
  const std::string text = "\u65e5\u672c\U0001f600";
  const int64_t wanted[] = {0, 3, 3, 3, 6, 6, 6, 10, 10, 10, 10};
  for (int64_t from = 0; from <= 10; ++from) EXPECT_EQ(cut(text, from), wanted[from]) << from;
  std::string many;
  while (many.size() < 400000) many += "\U0001f600";
  for (int64_t from = 200000; from < 200004; ++from) EXPECT_EQ(cut(many, from) % 4, 0);
}

}  // namespace
}  // namespace convoy
