#include "datasets/table/table_input.h"

#include <gtest/gtest.h>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

class TableInputs : public testing::Test {
 protected:
  TableInputs() {
    form_.missing_values = MissingValues::usual();
    form_.columns = {{.name = "n", .fill = 7.5},
                     {.name = "dull", .type = ColumnType::dropped, .reason = "why"},
                     {.name = "c", .type = ColumnType::category, .categories = {"blue", "red"}},
                     {.name = "y"}};
    form_.target = 3;
  }
  std::unique_ptr<PredictionInput> open(const std::string& text) {
    write_text(folder_ / "t.csv", text);
    return open_table_input(folder_ / "t.csv", form_, options_);
  }
  // All samples, by batches of two.
  std::vector<std::vector<float>> samples(PredictionInput& input) {
    std::vector<std::vector<float>> all;
    rows_.clear();
    for (int64_t count = 2; count == 2;) {
      std::vector<float> x(6);
      const Tensor out[] = {{x.data(), DType::f32, {2, 3}}};
      count = input.read(2, out, rows_);
      for (int64_t i = 0; i < count; ++i) all.emplace_back(x.begin() + 3 * i, x.begin() + 3 * i + 3);
    }
    return all;
  }
  std::vector<std::vector<float>> samples(const std::string& text) { return samples(*open(text)); }

  TemporaryFolder folder_;
  TableForm form_;
  TableInputOptions options_;
  std::vector<InputRow> rows_;
};

using Samples = std::vector<std::vector<float>>;

TEST_F(TableInputs, ColumnsAreFoundByName) {
  const Samples wanted{{1, 0, 1}, {7.5f, 1, 0}, {3, 1, 0}};
  EXPECT_EQ(samples("n,dull,c,y\n1,x,red,5\nNA,x,blue,5\n3,x,blue,5\n"), wanted);
  EXPECT_EQ(samples("c;more;n\nred;;1\nblue;;\nblue;1;3\n"), wanted);
  const auto input = open("more,c,n,y\n,red,1,word\n");
  EXPECT_EQ(samples(*input), (Samples{{1, 0, 1}})) << "whatever the target says";
  ASSERT_EQ(input->notes().size(), 1u);
  EXPECT_NE(input->notes()[0].find("left alone: more"), std::string::npos);
  EXPECT_EQ(samples("n,c\n"), Samples{});
}

TEST_F(TableInputs, ColumnsWithoutNames) {
  form_.has_header = false;
  const char* names[] = {"column_1", "column_2", "column_3", "column_4"};
  for (size_t i = 0; i < 4; ++i) form_.columns[i].name = names[i];
  EXPECT_EQ(samples("1,x,red,5\n2,x,blue,5\n"), (Samples{{1, 0, 1}, {2, 1, 0}}));
  EXPECT_EQ(samples("1,x,red\n2,x,blue\n"), (Samples{{1, 0, 1}, {2, 1, 0}}));
  EXPECT_DATA_ERROR(samples("1,red\n2,blue\n"), "has 2 columns without names, the table that was trained on had 4");
}

TEST_F(TableInputs, RowsOfNoUseKeepTheirPlaces) {
  form_.missing = MissingRule::drop;
  options_.keep = "c,n";
  const auto input = open("n,c\n1,red\n,red\n2,blue\n3,NA\n4,\"blue\"\n");
  EXPECT_EQ(samples(*input), (Samples{{1, 0, 1}, {2, 1, 0}, {4, 1, 0}}));
  ASSERT_EQ(rows_.size(), 5u);
  const bool usable[] = {true, false, true, false, true};
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(rows_[i].usable, usable[i]) << i;
  EXPECT_EQ(rows_[1].kept, "red,");
  EXPECT_EQ(input->kept_columns(), (std::vector<std::string>{"c", "n"}));
  ASSERT_EQ(input->notes().size(), 1u);
  EXPECT_NE(input->notes()[0].find("2 rows have no prediction, since a cell is missing that the model cannot do "
                                   "without: lines 3, 5"),
            std::string::npos)
      << input->notes()[0];
}

TEST_F(TableInputs, WhatDoesNotFit) {
  EXPECT_DATA_ERROR(samples("n,C\n1,red\n"), "t.csv: no column is named \"c\", which the model reads; there are n, C");
  EXPECT_DATA_ERROR(samples("n,c\n1,red\n2,green\n"), "t.csv: line 3, column \"c\": \"green\" is none of the 2");
  EXPECT_DATA_ERROR(samples("n,c\nx,red\n"), "t.csv: line 2, column \"n\": \"x\" is no number");
  EXPECT_DATA_ERROR(samples("n,c\n1,red,2\n"), "t.csv: line 2: 3 cells, wanted 2");
  EXPECT_DATA_ERROR(samples("n,c\n1,red\n2,\xff\n"), "t.csv: line 3: is no UTF-8");
  EXPECT_DATA_ERROR(samples("n,c\n1,\"red\n"), "t.csv: line 2: a cell of this row begins with a quotation mark");
  EXPECT_DATA_ERROR(samples(""), "t.csv: is empty");
  options_.keep = "id";
  EXPECT_DATA_ERROR(samples("n,c\n1,red\n"), "--keep id: no column has this name");
  options_.keep = "", options_.unknown_category = "missing";
  EXPECT_EQ(samples("n,c\n1,green\n"), (Samples{{1, 1, 0}})) << "the most frequent";
}

TEST_F(TableInputs, ManyBlocks) {
  std::string text = "n,c\n";
  for (int i = 0; i < 400000; ++i) text += std::to_string(i % 1000) + (i % 2 == 0 ? ",red\n" : ",blue\n");
  const Samples all = samples(text);
  ASSERT_EQ(all.size(), 400000u);
  ASSERT_EQ(rows_.size(), 400000u);
  for (size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(all[i],
              (std::vector<float>{static_cast<float>(i % 1000), i % 2 == 0 ? 0.f : 1.f, i % 2 == 0 ? 1.f : 0.f}));
}

}  // namespace
}  // namespace convoy
