#include "datasets/import_csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

class ImportCsv : public testing::Test {
 protected:
  ImportCsv() {
    options_.inputs = {folder_ / "t.csv"};
    options_.out = folder_ / "data";
    options_.target = "y";
  }
  void write(const std::string& text, const std::string& name = "t.csv") const { write_text(folder_ / name, text); }
  ImportResult import() const { return import_csv(options_, nullptr); }
  std::string note(const ImportResult& result) const { return result.notes.empty() ? "" : result.notes.front(); }

  // Rows of a split, features then target.
  std::vector<std::vector<float>> rows_of(Split split) const {
    const auto dataset = open_dataset(options_.out, {.seed = 1});
    const int64_t F = dataset->fields()[0].shape[0];
    std::vector<std::vector<float>> rows;
    for (int64_t i = 0; i < dataset->samples(split); ++i) {
      std::vector<float> row(static_cast<size_t>(F + 1));
      const Tensor out[] = {{row.data(), DType::f32, {1, F}}, {row.data() + F, DType::f32, {1, 1}}};
      dataset->read(split, i, 1, out);
      rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  bool only_tables_and(const std::set<std::string>& names) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      if (entry.path().extension() != ".csv" && !names.contains(entry.path().filename())) return false;
    return true;
  }

  TemporaryFolder folder_;
  ImportCsvOptions options_;
};

std::string table(int begin, int end) {
  std::string text = "a,y,b\n";
  for (int i = begin; i < end; ++i)
    text += std::to_string(i) + "," + std::to_string(2 * i) + "," + std::to_string(i) + ".25\n";
  return text;
}

TEST_F(ImportCsv, FeaturesInOrderAndTheTarget) {
  write(table(0, 200));
  options_.test = 0.05;
  const ImportResult result = import();
  EXPECT_FALSE(result.was_there);
  EXPECT_EQ(result.notes, std::vector<std::string>{});
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->samples(Split::train), 170);
  EXPECT_EQ(dataset->samples(Split::validation), 20);
  EXPECT_EQ(dataset->samples(Split::test), 10);
  ASSERT_EQ(dataset->fields().size(), 2u);
  EXPECT_EQ(dataset->fields()[0].name, "x");
  EXPECT_EQ(dataset->fields()[0].shape, Shape{2});
  EXPECT_EQ(dataset->fields()[1].shape, Shape{1});
  EXPECT_EQ(dataset->facts().fields[0].columns[1].name, "b");
  EXPECT_EQ(dataset->facts().fields[1].columns[0].name, "y");
  std::vector<std::vector<float>> all;
  for (const Split split : kSplits) {
    const auto rows = rows_of(split);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 200u);
  for (size_t i = 0; i < 200; ++i) {
    const auto n = static_cast<float>(i);
    EXPECT_EQ(all[i], (std::vector<float>{n, n + 0.25f, 2 * n}));
  }
  EXPECT_TRUE(only_tables_and({"data"}));
}

TEST_F(ImportCsv, StatisticsAreOfTheTrainingSplit) {
  write(table(0, 200));
  import();
  const auto rows = rows_of(Split::train);
  double sum = 0, squares = 0;
  for (const auto& row : rows) sum += row[1];
  const double mean = sum / static_cast<double>(rows.size());
  for (const auto& row : rows) squares += (row[1] - mean) * (row[1] - mean);
  const auto of = open_dataset(options_.out, {})->facts().fields[0].columns[1].statistics.value();
  EXPECT_NEAR(of.mean, mean, 1e-9);
  EXPECT_NEAR(of.deviation, std::sqrt(squares / static_cast<double>(rows.size())), 1e-9);
  EXPECT_EQ(of.min, rows.front()[1]);
  EXPECT_EQ(of.max, rows.back()[1]);
}

TEST_F(ImportCsv, SplitsDoNotDependOnTheOrderOfFiles) {
  write(table(0, 120), "one.csv");
  write(table(120, 200), "two.csv");
  options_.test = 0.1;
  options_.inputs = {folder_ / "one.csv", folder_ / "two.csv"};
  import();
  const auto validation = rows_of(Split::validation), test = rows_of(Split::test);
  options_.inputs = {folder_ / "two.csv", folder_ / "one.csv"};
  options_.force = true;
  import();
  EXPECT_EQ(rows_of(Split::validation), validation);
  EXPECT_EQ(rows_of(Split::test), test);
}

TEST_F(ImportCsv, WithoutValidation) {
  write(table(0, 20));
  options_.validation = 0;
  EXPECT_EQ(import().notes, std::vector<std::string>{});
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->samples(Split::train), 20);
  EXPECT_EQ(dataset->samples(Split::validation), 0);
}

TEST_F(ImportCsv, AnEqualImportIsRecognised) {
  write(table(0, 50));
  import();
  EXPECT_TRUE(import().was_there);
  options_.test = 0.1;
  EXPECT_DATA_ERROR(import(), "other data or options", "--force");
  options_.test = 0;
  write(table(0, 51));
  EXPECT_DATA_ERROR(import(), "other data or options");
  std::string same_size = table(0, 50);
  same_size.replace(same_size.find("17.25"), 5, "17.26");
  write(same_size);
  EXPECT_DATA_ERROR(import(), "other data or options");
  options_.force = true;
  EXPECT_FALSE(import().was_there);
}

TEST_F(ImportCsv, FoldersOfTables) {
  write(table(0, 30), "all/a.csv");
  write(table(30, 60), "all/below/b.csv");
  options_.inputs = {folder_ / "all"};
  options_.out = folder_ / "out.csv";  // a folder may be called so
  EXPECT_EQ(import().manifest.import.sources.size(), 2u);
}

TEST_F(ImportCsv, Notes) {
  write("a,id,y\n1,123456789,5\n1,2,6\n");
  options_.validation = 0;
  const std::vector<std::string> notes = import().notes;
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_NE(notes[0].find("column \"id\" has 1 whole numbers that f32 rounds"), std::string::npos) << notes[0];
  EXPECT_NE(notes[1].find("column \"a\" is 1 in all rows"), std::string::npos) << notes[1];
  write("a,y\n1,5\n2,6\n");
  options_.out = folder_ / "other";
  options_.validation = 0.1;
  EXPECT_NE(note(import()).find("--validation 0.1 leaves no row"), std::string::npos);
}

TEST_F(ImportCsv, BadTables) {
  const struct {
    const char *text, *wanted;
  } cases[] = {
      {"a,y\n1,2\n3,x\n", "t.csv: line 3, column \"y\": \"x\" is no number"},
      {"a,y\n\"1\n\",2\n", "t.csv: line 2, column \"a\": \"1\n\" is no number"},
      {"a,y\n,2\n", "line 2, column \"a\": the cell is empty; a missing value cannot be imported yet"},
      {"a,y\n\"1,5\",2\n", "\"1,5\" has a comma in a number; write it with a point"},
      {"a,y\nnan,2\n", "column \"a\": \"nan\" is not finite"},
      {"a,y\n1,1e40\n", "column \"y\": \"1e40\" is too large for f32"},
      {"a,y\n1,2,3\n", "t.csv: line 2: 3 cells, wanted 2 as the first row has"},
      {"a,y\n1\n", "t.csv: line 2: 1 cells, wanted 2"},
      {"a,b\n1,2\n", "--target y: no column has this name; there are a, b"},
      {"a;y\n1;2\n", "there are a;y; it looks as if semicolons stood between cells"},
      {"a\ty\n1\t2\n", "it looks as if tabs stood between cells"},
      {"1,2\n3,4\n", "t.csv: the first row holds numbers only, wanted the names of the columns"},
      {"a,,y\n1,2,3\n", "t.csv: column 2 has no name"},
      {"a,a,y\n1,2,3\n", "two columns are named \"a\""},
      {"y\n1\n", "y is the only column"},
      {"a,y\n", "t.csv: names columns, but holds no row of numbers"},
      {"", "t.csv: is empty; wanted a row with names of columns"},
      {"a,y\n1,\"2\n", "t.csv: line 2: a cell of this row begins with a quotation mark and none ends it"},
      {"a,y\n1,2\"\n", "t.csv: line 2: a quotation mark stands in the middle of a cell"},
      {"a,y\n1,\xff\n", "is no UTF-8"},
      {"\x1f\x8b zipped", "gzip-compressed"},
  };
  for (const auto& bad : cases) {
    write(bad.text);
    SCOPED_TRACE(bad.text);
    EXPECT_DATA_ERROR(import(), bad.wanted);
    EXPECT_TRUE(only_tables_and({})) << "a refused import left something: " << bad.text;
  }
}

TEST_F(ImportCsv, FilesOfOtherColumns) {
  write(table(0, 10), "one.csv");
  write("a,b,y\n1,2,3\n", "two.csv");
  options_.inputs = {folder_ / "one.csv", folder_ / "two.csv"};
  EXPECT_DATA_ERROR(import(), "two.csv: column 2 is \"b\", in", "one.csv it is \"y\"", "one order");
  write("a\n1\n", "two.csv");
  EXPECT_DATA_ERROR(import(), "two.csv: column 2 is \"none\"");
}

TEST_F(ImportCsv, BadOptions) {
  write(table(0, 10));
  options_.target = "";
  EXPECT_THROW(import(), ConfigError);
  options_.target = "y";
  options_.validation = 0.5, options_.test = 0.5;
  EXPECT_THROW(import(), ConfigError);
  options_.validation = 0.45, options_.test = 0.5;
  write("a,y\n1,2\n");
  EXPECT_DATA_ERROR(import(), "leave none of 1 rows to train on");
  options_.validation = options_.test = 0;
  options_.inputs = {folder_ / "none.csv"};
  EXPECT_DATA_ERROR(import(), "none.csv: no such file or folder");
  std::filesystem::create_directory(folder_ / "empty.csv");
  options_.inputs = {folder_ / "empty.csv"};
  EXPECT_DATA_ERROR(import(), "no *.csv file in this folder");
}

}  // namespace
}  // namespace convoy
