#include "datasets/table/table_form.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "datasets/table/decide_form.h"
#include "datasets/table/table_encoder.h"
#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Toy {
  FormRules rules{.target = "y", .missing_values = MissingValues::usual()};
  TableHeader header{{"a", "y"}};

  // The rows in two parts, as two blocks would be.
  std::vector<ColumnCensus> census(const Rows& rows) const {
    const MissingValues missing(rules.missing_values);
    std::vector<ColumnCensus> all = census_for(rules, header), later = all;
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t k = 0; k < rows[i].size(); ++k)
        (i < rows.size() / 2 ? all : later)[k].add(rows[i][k], missing, 0, static_cast<int64_t>(i) + 2);
    for (size_t k = 0; k < all.size(); ++k) all[k].add(later[k]);
    return all;
  }
  DecidedForm decide(const Rows& rows) const { return decide_form(rules, header, census(rows), {"t.csv"}); }
  // Of a table of a and numbers.
  TableColumn column(const std::vector<std::string>& cells) const {
    Rows rows;
    for (const std::string& cell : cells) rows.push_back({cell, std::to_string(rows.size() * rows.size())});
    Toy toy = *this;
    toy.header.names = {"a", "y", "other"};
    for (auto& row : rows) row.push_back(std::to_string(row[1].size() * 3) + row[1]);
    return toy.decide(rows).form.columns[0];
  }
};

TEST(DecideForm, TypesOfColumns) {
  const Toy toy;
  EXPECT_EQ(toy.column({"1", "2.5", "7"}).type, ColumnType::number);
  EXPECT_EQ(toy.column({"1", "", "7"}).type, ColumnType::number);
  EXPECT_EQ(toy.column({"yes", "no", "NA", "yes"}).type, ColumnType::boolean);
  EXPECT_EQ(toy.column({"2024-03-05", "2024-03-06"}).type, ColumnType::date);
  const TableColumn category = toy.column({"red", "blue", "red", "NA", "red"});
  EXPECT_EQ(category.type, ColumnType::category);
  EXPECT_EQ(category.categories, (std::vector<std::string>{"blue", "red"}));
  EXPECT_TRUE(category.missing_is_category);
  EXPECT_EQ(category.most_frequent, 1);
  EXPECT_EQ(category.categories_in_all(), 3);
  EXPECT_FALSE(toy.column({"red", "blue"}).missing_is_category);
}

TEST(DecideForm, WhatTellsNothingIsDropped) {
  Toy toy;
  const auto reason = [&](const std::vector<std::string>& cells) {
    const TableColumn column = toy.column(cells);
    EXPECT_EQ(column.type, ColumnType::dropped);
    return column.reason;
  };
  EXPECT_EQ(reason({"5", "5", "5.0"}), "is 5 in all rows, which tells nothing (--keep-constant)");
  EXPECT_EQ(reason({"x", "x"}), "is \"x\" in all rows, which tells nothing");
  EXPECT_EQ(reason({"", "NA"}), "no row has a value");
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("name " + std::to_string(i));
  EXPECT_EQ(reason(names), "text that is another in most rows: 30 different values in 30 rows");
  for (int i = 0; i < 200; ++i) names.push_back("name " + std::to_string(i % 120));
  EXPECT_EQ(reason(names), "text of more than 100 different values (--max-categories)");
  toy.rules.most_categories = 120;
  for (size_t i = 0; i < 230; ++i) names.push_back(names[i]);
  EXPECT_EQ(toy.column(names).categories.size(), 120u);
}

TEST(DecideForm, NumbersWithMistakes) {
  const Toy toy;
  EXPECT_DATA_ERROR(toy.column({"1", "2", "x", "4"}), "t.csv: line 4, column \"a\": \"x\" is no number",
                    "3 numbers and 1 other cells");
  EXPECT_DATA_ERROR(toy.column({"1", "2", "3", "4", "5,5"}), "\"5,5\" has a decimal comma");
  EXPECT_DATA_ERROR(toy.column({"1", "2", "inf"}), "\"inf\" is not finite");
  std::vector<std::string> ages;
  for (int i = 0; i < 40; ++i) ages.push_back(i % 4 == 3 ? "unknown" : std::to_string(i));
  EXPECT_DATA_ERROR(toy.column(ages), "line 5, column \"a\": \"unknown\" is no number", "--missing-values");
  EXPECT_EQ(toy.column({"0", "1", "3+", "2", "0", "1", "3+", "0"}).categories,
            (std::vector<std::string>{"0", "1", "2", "3+"}))
      << "categories of which most are called by numbers";
  EXPECT_DATA_ERROR(toy.column({"2024-03-05", "2024-03-06", "2024-02-30"}), "line 4", "\"2024-02-30\" is no date");
}

TEST(DecideForm, TheTarget) {
  Toy toy;
  EXPECT_EQ(toy.decide({{"1", "2"}, {"2", "5.5"}}).form.columns[1].type, ColumnType::number);
  const DecidedForm whole = toy.decide({{"1", "0"}, {"2", "1"}, {"5", "1"}});
  EXPECT_FALSE(whole.form.has_classes());
  ASSERT_EQ(whole.notes.size(), 1u);
  EXPECT_NE(whole.notes[0].find("2 different whole numbers"), std::string::npos);
  EXPECT_EQ(toy.decide({{"1", "no"}, {"2", "yes"}}).form.columns[1].categories,
            (std::vector<std::string>{"no", "yes"}));
  toy.rules.target_type = TargetType::classes;
  EXPECT_EQ(toy.decide({{"1", "10"}, {"2", "9"}, {"3", "10"}}).form.columns[1].categories,
            (std::vector<std::string>{"9", "10"}));
  EXPECT_DATA_ERROR(toy.decide({{"1", "a"}, {"2", "a"}}), "the target \"y\" is \"a\" in all rows", "two classes");
  toy.rules.target_type = TargetType::number;
  EXPECT_DATA_ERROR(toy.decide({{"1", "a"}, {"2", "b"}}), "line 2, column \"y\": \"a\" is no number",
                    "--target-type class");
  toy.rules.target = "yy";
  EXPECT_DATA_ERROR(toy.decide({{"1", "2"}}), "--target yy: no column has this name; did you mean y?; there are a, y");
  toy.rules.target = "y", toy.rules.dropped = {"b"};
  EXPECT_DATA_ERROR(toy.decide({{"1", "2"}}), "--drop b: no column has this name");
  toy.rules.dropped = {"a"};
  EXPECT_DATA_ERROR(toy.decide({{"1", "2"}}), "no column but y is of use", "--drop names it");
}

TEST(DecideForm, MissingCellsThatAreRefused) {
  Toy toy;
  toy.rules.missing = MissingRule::error;
  EXPECT_DATA_ERROR(toy.decide({{"1", "2"}, {"", "5"}, {"NA", "5"}, {"7", "6"}}),
                    "t.csv: line 3, column \"a\": the cell is missing, of 2 in the column", "--missing mean");
}

TEST(TableForm, Json) {
  TableForm form{
      .has_header = false, .one_hot = false, .missing = MissingRule::category, .missing_values = {"NA", "?"}};
  form.columns = {{.name = "a", .missing = 3, .fill = 0.1, .has_indicator = true},
                  {.name = "say \"x\"",
                   .type = ColumnType::category,
                   .categories = {"é", ""},
                   .missing_is_category = true,
                   .most_frequent = 1},
                  {.name = "d", .type = ColumnType::dropped, .reason = "why"},
                  {.name = "y", .type = ColumnType::boolean}};
  form.target = 3;
  EXPECT_EQ(table_form_from(to_json(form)), form);
  EXPECT_EQ(form.x_columns(), (std::vector<std::string>{"a", "a=(missing)"}));
  EXPECT_EQ(form.category_names(), (std::vector<std::string>{"say \"x\"=é", "say \"x\"=", "say \"x\"=(missing)"}));
  EXPECT_DATA_ERROR(table_form_from("{\"kind\": \"table\"}"), "header");
  EXPECT_DATA_ERROR(table_form_from("x"), "");
}

class Encoder : public testing::Test {
 protected:
  Encoder() {
    form_.missing_values = MissingValues::usual();
    form_.columns = {
        {.name = "n", .fill = 7.5},
        {.name = "c", .type = ColumnType::category, .categories = {"blue", "red"}, .missing_is_category = true},
        {.name = "b", .type = ColumnType::boolean, .fill = 0.25, .has_indicator = true},
        {.name = "e", .type = ColumnType::category, .categories = {"p", "q"}, .most_frequent = 1},
        {.name = "y"}};
    form_.target = 4;
  }
  std::vector<float> x(const std::vector<std::string_view>& cells, UnknownCategory unknown = UnknownCategory::error) {
    const TableEncoder encoder(form_, {0, 1, 2, 3, std::nullopt}, unknown);
    std::vector<float> numbers(encoder.numbers()), x(encoder.x());
    std::vector<int32_t> ids(encoder.ids());
    ids_.resize(encoder.categories());
    TableEncoder::Row row{numbers, ids};
    use_ = encoder.encode(cells, row);
    encoder.expand(numbers.data(), ids.data(), x.data(), ids_.data());
    return x;
  }

  TableForm form_;
  std::vector<int32_t> ids_;
  TableEncoder::Use use_{};
};

TEST_F(Encoder, OneHot) {
  EXPECT_EQ(x({"1.5", "red", "yes", "p"}), (std::vector<float>{1.5f, 0, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(use_, TableEncoder::Use::whole);
  EXPECT_EQ(x({"NA", "", "?", ""}), (std::vector<float>{7.5f, 0, 0, 1, 0.25f, 1, 0, 1}))
      << "a category without one for what is missing takes the most frequent";
  EXPECT_EQ(use_, TableEncoder::Use::whole);
}

TEST_F(Encoder, WholeNumbersCountedOn) {
  form_.one_hot = false;
  EXPECT_EQ(x({"1.5", "red", "no", "q"}), (std::vector<float>{1.5f, 0, 0}));
  EXPECT_EQ(ids_, (std::vector<int32_t>{1, 4}));
  x({"1.5", "", "no", "p"});
  EXPECT_EQ(ids_, (std::vector<int32_t>{2, 3}));
}

TEST_F(Encoder, WhatDoesNotFit) {
  EXPECT_DATA_ERROR(x({"x", "red", "no", "q"}), "column \"n\": \"x\" is no number");
  EXPECT_DATA_ERROR(x({"1", "rde", "no", "q"}), "column \"c\": \"rde\" is none of the 2 categories", "blue, red",
                    "did you mean red?");
  EXPECT_DATA_ERROR(x({"1", "red", "maybe", "q"}), "column \"b\": \"maybe\" is none of true, false, yes and no");
  EXPECT_EQ(x({"1", "green", "no", "r"}, UnknownCategory::missing), (std::vector<float>{1, 0, 0, 1, 0, 0, 0, 1}));
}

TEST_F(Encoder, RowsOfNoUse) {
  form_.missing = MissingRule::drop;
  x({"", "red", "no", "q"});
  EXPECT_EQ(use_, TableEncoder::Use::missing);
  x({"1", "", "no", "q"});
  EXPECT_EQ(use_, TableEncoder::Use::missing);
  x({"1", "red", "no", "q"});
  EXPECT_EQ(use_, TableEncoder::Use::whole);
}

}  // namespace
}  // namespace convoy
