#include "datasets/import_csv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

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
  options_.fractions.test = 0.05;
  const ImportResult result = import();
  EXPECT_FALSE(result.was_there);
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_NE(result.notes[0].find("column \"a\" counts the rows"), std::string::npos) << result.notes[0];
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

// By seed and number of the row, whatever is in it.
TEST_F(ImportCsv, SplitsAreThoseOfTheSeed) {
  write(table(0, 200));
  options_.fractions.test = 0.1;
  import();
  const auto validation = rows_of(Split::validation), test = rows_of(Split::test);
  options_.force = true;
  import();
  EXPECT_EQ(rows_of(Split::validation), validation);
  EXPECT_EQ(rows_of(Split::test), test);
  options_.seed = 2;
  import();
  EXPECT_NE(rows_of(Split::validation), validation);
}

TEST_F(ImportCsv, WithoutValidation) {
  write(table(0, 20));
  options_.fractions.validation = 0;
  for (const std::string& found : import().notes) EXPECT_EQ(found.find("validation"), std::string::npos) << found;
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->samples(Split::train), 20);
  EXPECT_EQ(dataset->samples(Split::validation), 0);
}

TEST_F(ImportCsv, AnEqualImportIsRecognised) {
  write(table(0, 50));
  import();
  EXPECT_TRUE(import().was_there);
  options_.fractions.test = 0.1;
  EXPECT_DATA_ERROR(import(), "other data or options", "--force");
  options_.fractions.test = 0;
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
  write("a,id,y\n1,123456789,5.5\n3,2,6\n");
  options_.fractions.validation = 0;
  const std::vector<std::string> notes = import().notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("column \"id\" has 1 whole numbers that f32 rounds"), std::string::npos) << notes[0];
  write("a,y\n1,5.5\n3,6\n");
  options_.out = folder_ / "other";
  options_.fractions.validation = 0.1;
  EXPECT_NE(note(import()).find("--validation 0.1 leaves no row"), std::string::npos);
}

TEST_F(ImportCsv, BadTables) {
  const struct {
    const char *text, *wanted;
  } cases[] = {
      {"a,y\n1,2\n3,x\n5,7\n", "t.csv: line 3, column \"y\": \"x\" is no number"},
      {"a,y\n\"1\n\",2\n4,3\n3,5\n", "t.csv: line 2, column \"a\": \"1\n\" is no number"},
      {"a,y\n\"1,5\",2\n3,4\n5,6\n", "\"1,5\" has a decimal comma"},
      {"a,y\ninf,2\n3,4\n4,9\n", "column \"a\": \"inf\" is not finite"},
      {"a,y\n1,1e40\n2,3\n5,3\n", "column \"y\": \"1e40\" is too large for f32"},
      {"a,y\n1,2,3\n", "t.csv: line 2: 3 cells, wanted 2 as the first row has"},
      {"a,y\n1\n", "t.csv: line 2: 1 cells, wanted 2"},
      {"a,y\n1,2\na,y\n3,4\n", "t.csv: line 3: the header stands here again"},
      {"a,b\n1,2\n", "--target y: no column has this name; there are a, b"},
      {"1,2\n3,4\n", "--target y: no column has this name; there are column_1, column_2, since the first row is none"},
      {"a,a,y\n1,2,3\n", "two columns are named \"a\""},
      {"y\n1\n", "\"y\" is the only column"},
      {"a,y\n", "t.csv: names columns, but holds no row of cells"},
      {"", "t.csv: is empty; wanted a row with names of columns"},
      {"\n\n", "t.csv: holds no row"},
      {"a,y\n1,\"2\n", "t.csv: line 2: a cell of this row begins with a quotation mark and none ends it"},
      {"a,y\n1,2\"\n", "t.csv: line 2: a quotation mark stands in the middle of a cell"},
      {"a,y\n1,\xff\n", "is no UTF-8"},
      {"a,y\n1,yes\n2,yes\n", "the target \"y\" is \"yes\" in all rows"},
      {"a,y\n1,\n2,NA\n", "the target \"y\" has no value in any row"},
      {"a,y\n5,1\n5,2\n", "t.csv: no column but y is of use"},
      {"\x1f\x8b zipped", "gzip-compressed"},
  };
  for (const auto& bad : cases) {
    write(bad.text);
    SCOPED_TRACE(bad.text);
    EXPECT_DATA_ERROR(import(), bad.wanted);
    EXPECT_TRUE(only_tables_and({})) << "a refused import left something: " << bad.text;
  }
  write(std::string("a,y\n1,2\n3,4\0\n", 13));
  EXPECT_DATA_ERROR(import(), "t.csv: line 3: a NUL byte");
}

// A table of all sorts of columns.
std::string mixed_table(int rows) {
  std::string text = "when;colour;size;name;open;kind\n";
  const char* colours[] = {"red", "blue", "\"light; green\"", ""};
  for (int i = 0; i < rows; ++i)
    text += "2024-01-" + std::string(i % 28 < 9 ? "0" : "") + std::to_string(i % 28 + 1) + ";" + colours[i % 4] + ";" +
            (i % 5 == 4 ? "NA" : std::to_string(i % 7)) + ";n" + std::to_string(i) + ";" + (i % 3 == 0 ? "yes" : "no") +
            ";" + (i % 10 < 7 ? "common" : "rare") + "\n";
  return text;
}

TEST_F(ImportCsv, ColumnsOfAllTypes) {
  write(mixed_table(200));
  options_.target = "kind";
  options_.fractions = {0.1, 0.1};
  const ImportResult result = import();
  const auto dataset = open_dataset(options_.out, {.seed = 1});
  ASSERT_EQ(dataset->fields().size(), 2u);
  std::vector<std::string> names;
  for (const Column& column : dataset->facts().fields[0].columns) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"when", "colour=blue", "colour=light; green", "colour=red",
                                             "colour=(missing)", "size", "open"}));
  EXPECT_EQ(dataset->fields()[1].dtype, DType::i32);
  EXPECT_EQ(dataset->fields()[1].shape, Shape{});
  EXPECT_EQ(dataset->facts().fields[1].classes, (std::vector<std::string>{"common", "rare"}));
  std::array<float, 7> x{};
  int32_t y = 0;
  std::array<std::array<int64_t, 2>, 3> counts{};
  for (const Split split : kSplits)
    for (int64_t i = 0; i < dataset->samples(split); ++i) {
      const Tensor out[] = {{x.data(), DType::f32, {1, 7}}, {&y, DType::i32, {1}}};
      dataset->read(split, i, 1, out);
      ++counts[static_cast<size_t>(split)][static_cast<size_t>(y)];
      EXPECT_EQ(x[1] + x[2] + x[3] + x[4], 1);
    }
  EXPECT_EQ(counts, (std::array<std::array<int64_t, 2>, 3>{{{112, 48}, {14, 6}, {14, 6}}}))
      << "of each class its share";
  ASSERT_EQ(result.summary.size(), 3u);
  EXPECT_NE(result.summary[0].find("200 rows of 6 columns read: semicolon between cells, a header"), std::string::npos)
      << result.summary[0];
  EXPECT_NE(result.summary[1].find("text of more than 100 different values"), std::string::npos) << result.summary[1];
  EXPECT_NE(result.summary[2].find("common          112           14           14    70.0%"), std::string::npos)
      << result.summary[2];
  const std::string form = dataset->files().at("preprocessing.json");
  EXPECT_NE(form.find("\"kind\": \"table\""), std::string::npos);
  EXPECT_NE(form.find("light; green"), std::string::npos);
}

TEST_F(ImportCsv, CategoriesAsWholeNumbers) {
  write(mixed_table(100));
  options_.target = "kind";
  options_.categories = "integer";
  import();
  const auto dataset = open_dataset(options_.out, {});
  ASSERT_EQ(dataset->fields().size(), 3u);
  EXPECT_EQ(dataset->fields()[0].shape, Shape{3});
  EXPECT_EQ(dataset->fields()[1].name, "categories");
  EXPECT_EQ(dataset->fields()[1].dtype, DType::i32);
  EXPECT_EQ(
      dataset->facts().fields[1].classes,
      (std::vector<std::string>{"colour=blue", "colour=light; green", "colour=red", "colour=(missing)"}));
}

// What was missing: 1 and 5 are trained on, whatever lies in validation.
TEST_F(ImportCsv, MissingCells) {
  write("a,b,y\n1,u,1.5\n,v,2\nNA,,3\n5,u,4\n6,u,\n6,v,5\n", "train.csv");
  write("a,b,y\n1000,u,7\n", "validation.csv");
  options_.inputs = {folder_ / "train.csv"};
  options_.validation_files = {folder_ / "validation.csv"};
  options_.force = true;
  using Rows = std::vector<std::vector<float>>;
  const auto sorted = [](Rows rows) { return std::sort(rows.begin(), rows.end()), rows; };
  import();
  EXPECT_EQ(rows_of(Split::train),
            sorted(Rows{{1, 1, 0, 0, 1.5f}, {4, 0, 1, 0, 2}, {4, 0, 0, 1, 3}, {5, 1, 0, 0, 4}, {6, 0, 1, 0, 5}}));
  EXPECT_EQ(rows_of(Split::validation), (Rows{{1000, 1, 0, 0, 7}}));
  options_.missing = "median";
  import();
  EXPECT_EQ(rows_of(Split::train),
            sorted(Rows{{1, 1, 0, 0, 1.5f}, {5, 0, 1, 0, 2}, {5, 0, 0, 1, 3}, {5, 1, 0, 0, 4}, {6, 0, 1, 0, 5}}));
  options_.missing = "category";
  import();
  EXPECT_EQ(
      rows_of(Split::train),
      sorted(
          Rows{{1, 0, 1, 0, 0, 1.5f}, {4, 1, 0, 1, 0, 2}, {4, 1, 0, 0, 1, 3}, {5, 0, 1, 0, 0, 4}, {6, 0, 0, 1, 0, 5}}));
  options_.missing = "drop";
  const ImportResult dropped = import();
  EXPECT_EQ(rows_of(Split::train), sorted(Rows{{1, 1, 0, 1.5f}, {5, 1, 0, 4}, {6, 0, 1, 5}}));
  EXPECT_NE(dropped.summary[0].find("1 rows left out, of which \"y\" is missing\n2 rows left out, of which another"),
            std::string::npos)
      << dropped.summary[0];
  options_.missing = "error";
  EXPECT_DATA_ERROR(import(), "train.csv: line 3, column \"a\": the cell is missing, of 2 in the column");
  options_.missing = "mean", options_.missing_values = "v";
  EXPECT_DATA_ERROR(import(), "train.csv: line 4, column \"a\": \"NA\" is no number");
}

TEST_F(ImportCsv, TablesAsTheyCome) {
  options_.fractions.validation = 0;
  options_.force = true;
  using Rows = std::vector<std::vector<float>>;
  for (const char* text : {"a,y\n1,2\n3,4\n",
                           "\xef\xbb\xbf"
                           "a,y\r\n1,2\r\n3,4",
                           "a;y\n1;2\n3;4\n", "a\ty\n1\t2\n3\t4\n", "\"a\",\"y\"\n\"1\",\"2\"\n\"3\",\"4\"\n",
                           "a,y\r1,2\r3,4\r", " a , y \n 1 ,2\n\n3,4\n"}) {
    write(text);
    import();
    EXPECT_EQ(rows_of(Split::train), (Rows{{1, 2}, {3, 4}})) << text;
  }
  write("1,2\n3,4\n");
  options_.target = "column_2";
  import();
  EXPECT_EQ(rows_of(Split::train), (Rows{{1, 2}, {3, 4}})) << "without a header";
  options_.target = "2", options_.header = "yes";
  EXPECT_DATA_ERROR(import(), "no column but 2 is of use");  // one row is left, in which all is the same
  write(",a,y\n1,7,2\n2,3,4\n3,5,8\n");
  options_.target = "y", options_.header = "auto";
  import();
  EXPECT_EQ(rows_of(Split::train), (Rows{{3, 4}, {5, 8}, {7, 2}})) << "numbers of rows are no column";
}

TEST_F(ImportCsv, SplitsThatHaveFiles) {
  write(table(0, 100));
  write(table(100, 130), "v.csv");
  write(table(130, 150), "more/t.csv");
  options_.validation_files = {folder_ / "v.csv"};
  options_.test_files = {folder_ / "more"};
  import();
  EXPECT_EQ(rows_of(Split::train).size(), 100u);
  EXPECT_EQ(rows_of(Split::train).back()[0], 99);
  EXPECT_EQ(rows_of(Split::validation).front()[0], 100);
  EXPECT_EQ(rows_of(Split::test).size(), 20u);
  EXPECT_EQ(rows_of(Split::test).front()[0], 130);
}

// Many blocks, read by several threads: all rows, each once, the same each time.
TEST_F(ImportCsv, ManyBlocks) {
  std::string text = "a,b,y\n";
  for (int i = 0; i < 300000; ++i)
    text += std::to_string(i) + ",\"x" + std::to_string(i % 3) + "\"," + std::to_string(i % 1000) + ".5\n";
  write(text);
  import();
  const auto rows = rows_of(Split::train);
  EXPECT_EQ(rows.size(), 270000u);
  const auto all_of = [&](const std::vector<float>& row) {
    return row[4] == static_cast<float>(static_cast<int>(row[0]) % 1000) + 0.5f &&
           row[1 + static_cast<size_t>(row[0]) % 3] == 1;
  };
  EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), all_of));
  const std::string first = open_dataset(options_.out, {})->identity();
  options_.force = true;
  import();
  EXPECT_EQ(open_dataset(options_.out, {})->identity(), first);
}

TEST_F(ImportCsv, FilesOfOtherColumns) {
  write(table(0, 10), "one.csv");
  write("a,b,y\n1,2,3\n", "two.csv");
  options_.inputs = {folder_ / "one.csv", folder_ / "two.csv"};
  EXPECT_DATA_ERROR(import(), "two.csv: column 2 is \"b\", in", "one.csv it is \"y\"", "one order");
  write("a\n1\n", "two.csv");
  EXPECT_DATA_ERROR(import(), "two.csv: column 2 is not there");
}

TEST_F(ImportCsv, BadOptions) {
  write(table(0, 10));
  options_.target = "";
  EXPECT_THROW(import(), ConfigError);
  options_.target = "y";
  options_.fractions = {0.5, 0.5};
  EXPECT_THROW(import(), ConfigError);
  options_.fractions = {0, 0};
  for (std::string* word :
       {&options_.missing, &options_.categories, &options_.delimiter, &options_.header, &options_.target_type}) {
    const std::string before = std::exchange(*word, "x");
    EXPECT_THROW(import(), ConfigError);
    *word = before;
  }
  options_.inputs = {folder_ / "none.csv"};
  EXPECT_DATA_ERROR(import(), "none.csv: no such file or folder");
  std::filesystem::create_directory(folder_ / "empty.csv");
  options_.inputs = {folder_ / "empty.csv"};
  EXPECT_DATA_ERROR(import(), "no *.csv file in this folder");
}

}  // namespace
}  // namespace convoy
