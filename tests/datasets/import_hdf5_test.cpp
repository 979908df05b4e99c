#include "datasets/import_hdf5.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "datasets/hdf5/handle.h"
#include "datasets/hdf5_rows.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/hdf5_writer.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

using hdf5::Handle;

using Stored = Hdf5Storage;

// IEEE 754's half, as h5py describes float16.
Handle float16() {
  Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}
// As h5py describes bool.
Handle boolean() {
  Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  int8_t value = 0;
  H5Tenum_insert(type.get(), "FALSE", &value);
  value = 1;
  H5Tenum_insert(type.get(), "TRUE", &value);
  return type;
}

class ImportHdf5 : public testing::Test {
 protected:
  ImportHdf5() {
    options_.inputs = {file()};
    options_.out = folder_ / "data";
    options_.x = "x";
    options_.y = "y";
  }
  std::filesystem::path file() const { return folder_ / "all.h5"; }
  ImportResult import() const { return import_hdf5(options_, nullptr); }

  // Row i of x: 2i, 2i + 1; y: 3i.
  void write_numbers(hsize_t rows, hid_t type = H5T_IEEE_F64LE, const Stored& stored = {}) const {
    std::vector<double> x(2 * rows), y(rows);
    std::iota(x.begin(), x.end(), 0);
    for (size_t i = 0; i < rows; ++i) y[i] = 3.0 * static_cast<double>(i);
    Hdf5Writer writer(file());
    writer.reals("x", {rows, 2}, x, type, stored);
    writer.reals("y", {rows}, y);
  }
  // Rows of all splits by their first number, after checking the rest.
  std::vector<float> firsts() const {
    const auto dataset = open_dataset(options_.out, {.seed = 1});
    std::vector<float> firsts;
    for (const Split split : kSplits)
      for (int64_t i = 0; i < dataset->samples(split); ++i) {
        std::array<float, 2> x{};
        float y = 0;
        const Tensor out[] = {{x.data(), DType::f32, {1, 2}}, {&y, DType::f32, {1, 1}}};
        dataset->read(split, i, 1, out);
        EXPECT_EQ(x[1], x[0] + 1);
        EXPECT_EQ(y, x[0] * 1.5f);
        firsts.push_back(x[0]);
      }
    std::sort(firsts.begin(), firsts.end());
    return firsts;
  }
  void expect_numbers(size_t rows) const {
    const std::vector<float> found = firsts();
    ASSERT_EQ(found.size(), rows);
    for (size_t i = 0; i < rows; ++i) ASSERT_EQ(found[i], 2 * static_cast<float>(i));
  }

  TemporaryFolder folder_;
  ImportHdf5Options options_;
};

TEST_F(ImportHdf5, EveryKindOfRealAndOfStorage) {
  const Handle half = float16();
  options_.force = true;
  for (const hid_t type : {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_IEEE_F32BE, half.get()})
    for (const Stored& stored : {Stored{}, Stored{{7, 2}}, Stored{{30, 1}, true, true},
                                 Stored{{100, 2}, true, true, true}, Stored{{1, 1}, false, false, true}}) {
      write_numbers(100, type, stored);
      import();
      expect_numbers(100);
    }
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->samples(Split::validation), 10);
  EXPECT_EQ(dataset->facts().fields[0].columns.size(), 2u);
  EXPECT_TRUE(dataset->facts().fields[0].columns[1].statistics.has_value());
  EXPECT_EQ(dataset->facts().fields[1].columns[0].name, "y");
}

TEST_F(ImportHdf5, Integers) {
  options_.force = true;
  options_.classes = "4";
  options_.fractions = {0, 0};
  std::vector<int64_t> x(40), y(40);
  for (size_t i = 0; i < 40; ++i) x[i] = static_cast<int64_t>(i), y[i] = static_cast<int64_t>(i / 2 % 4);
  for (const hid_t type :
       {H5T_STD_I8LE, H5T_STD_I16BE, H5T_STD_I32LE, H5T_STD_I64BE, H5T_STD_U16LE, H5T_STD_U32BE, H5T_STD_U64LE}) {
    Hdf5Writer(file()).integers("x", {20, 2}, x, type);
    for (const hid_t label : {H5T_STD_U8LE, H5T_STD_I64BE}) {
      Hdf5Writer writer(file());
      writer.integers("x", {20, 2}, x, type);
      writer.integers("y", {20, 1}, std::vector<int64_t>(y.begin(), y.begin() + 20), label);
    }
    const ImportResult result = import();
    EXPECT_NE(result.notes.front().find("--numbers x imports them as numbers"), std::string::npos);
    const auto dataset = open_dataset(options_.out, {.seed = 1});
    EXPECT_EQ(dataset->fields()[0].dtype, DType::i32);
    EXPECT_EQ(dataset->facts().fields[1].classes.size(), 4u);
    for (int64_t i = 0; i < 20; ++i) {
      std::array<int32_t, 2> found{};
      int32_t of_y = 0;
      const Tensor out[] = {{found.data(), DType::i32, {1, 2}}, {&of_y, DType::i32, {1}}};
      dataset->read(Split::train, i, 1, out);
      EXPECT_EQ(found[1], found[0] + 1);
      EXPECT_EQ(of_y, y[static_cast<size_t>(found[0] / 2)]);
    }
  }
  options_.numbers = "x";
  import();
  EXPECT_EQ(open_dataset(options_.out, {})->fields()[0].dtype, DType::f32);
}

TEST_F(ImportHdf5, ImagesOfBytesAndGroups) {
  std::vector<int64_t> x(50 * 12), y(50);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int64_t>(i / 12);
  for (size_t i = 0; i < 50; ++i) y[i] = static_cast<int64_t>(i % 5);
  {
    Hdf5Writer writer(file());
    writer.integers("train/images", {50, 4, 3}, x, H5T_STD_U8LE, {{9, 2, 3}, false, true});
    writer.integers("train/labels", {50}, y, H5T_STD_U8LE);
    writer.integers("test/images", {3, 4, 3}, std::vector<int64_t>(36, 7), H5T_STD_U8LE);
    writer.integers("test/labels", {3}, {2, 2, 2}, H5T_STD_U8LE);
  }
  options_.x = "train/images", options_.y = "/train/labels";
  options_.test_x = "/test/images", options_.test_y = "test/labels";
  options_.classes = "auto";
  options_.fractions = {0.2, 0.5};
  import();
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->fields()[0].shape, (Shape{4, 3, 1}));
  EXPECT_EQ(dataset->fields()[0].dtype, DType::u8);
  EXPECT_EQ(dataset->samples(Split::train), 40);
  EXPECT_EQ(dataset->samples(Split::validation), 10);
  EXPECT_EQ(dataset->samples(Split::test), 3);
  EXPECT_EQ(dataset->facts().fields[1].classes.size(), 5u);
  EXPECT_EQ(dataset->facts().fields[0].channels[0].name, "grey");
}

TEST_F(ImportHdf5, SeveralInputsAndOneHot) {
  const Handle flag = boolean();
  {
    Hdf5Writer writer(file());
    writer.reals("in/a", {4, 1}, {0, 1, 2, 3});
    writer.write("in/b", {4}, flag.get(), flag.get(), std::vector<int8_t>{0, 1, 1, 0});
    writer.reals("y", {4, 3}, {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1});
    writer.integers("c", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  }
  options_.x = "in/a,in/b";
  options_.fields = {"extra=c"};
  options_.classes = "red,green,blue";
  options_.fractions = {0, 0};
  import();
  const auto dataset = open_dataset(options_.out, {});
  ASSERT_EQ(dataset->fields().size(), 4u);
  EXPECT_EQ(dataset->fields()[0].name, "a");
  EXPECT_EQ(dataset->fields()[1].name, "b");
  EXPECT_EQ(dataset->fields()[1].dtype, DType::f32);
  EXPECT_EQ(dataset->fields()[2].name, "extra");
  EXPECT_EQ(dataset->fields()[3].name, "y");
  for (int64_t i = 0; i < 4; ++i) {
    float a = 0, b = 0;
    std::array<int32_t, 2> c{};
    int32_t y = 0;
    const Tensor out[] = {
        {&a, DType::f32, {1, 1}}, {&b, DType::f32, {1, 1}}, {c.data(), DType::i32, {1, 2}}, {&y, DType::i32, {1}}};
    dataset->read(Split::train, i, 1, out);
    const auto row = static_cast<size_t>(a);
    EXPECT_EQ(b, (std::array{0.0f, 1.0f, 1.0f, 0.0f}[row]));
    EXPECT_EQ(c[0], 2 * static_cast<int32_t>(row) + 1);
    EXPECT_EQ(y, (std::array{2, 0, 1, 2}[row]));
  }
}

TEST_F(ImportHdf5, WhatIsMissingIsNamed) {
  write_numbers(10);
  options_.x = "X/";
  EXPECT_DATA_ERROR(import(), "no dataset is called \"X/\"", "there are x (10 x 2 float64), y (10 float64)");
  options_.x = "xx";
  EXPECT_DATA_ERROR(import(), "did you mean x?");
  {
    Hdf5Writer writer(file());
    writer.reals("images/train", {4, 1}, {0, 1, 2, 3});
    writer.reals("y", {4}, {0, 1, 2, 3});
  }
  options_.x = "images";
  EXPECT_DATA_ERROR(import(), "a group, no dataset, is \"images\"", "there are images/train");
  write_text(file(), "text");
  EXPECT_DATA_ERROR(import(), "all.h5: cannot open the file: HDF5: ");
  options_.inputs = {folder_ / "none.h5"};
  EXPECT_DATA_ERROR(import(), "none.h5");
}

TEST_F(ImportHdf5, BadNumbersAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [&](const std::vector<double>& x, const std::vector<double>& y, const char* part) {
    SCOPED_TRACE(part);
    {
      Hdf5Writer writer(file());
      writer.reals("x", {x.size() / 2, 2}, x);
      writer.reals("y", {y.size()}, y);
    }
    EXPECT_DATA_ERROR(import(), part);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "data"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "data.importing"));
  };
  refused({1, 2, 3, nan, 5, 6}, {1, 2, 3}, "all.h5: x[1, 1] is nan; wanted finite numbers");
  refused({1, 2, 3, 4, 1e300, 6}, {1, 2, 3}, "all.h5: x[2, 0] is inf; wanted finite numbers (within f32)");
  refused({1, 2, 3, 4}, {1, nan}, "all.h5: y[1] is nan");
  refused({1, 2, 3, 4}, {1, 2, 3}, "x has 2 samples, y has 3; wanted one of each");
  options_.classes = "3";
  refused({1, 2, 3, 4}, {1, 3}, "all.h5: y[1] is 3; wanted 0 to 2, as --classes 3 says");
  refused({1, 2, 3, 4}, {-1, 2}, "all.h5: y[0] is -1; wanted 0 to 2");
  refused({1, 2, 3, 4}, {1, 1.5}, "all.h5: y[1] is 1.5; wanted a whole number");
  options_.classes = "auto";
  refused({1, 2, 3, 4}, {0, 0}, "all labels are 0, one class only");
}

TEST_F(ImportHdf5, BadDatasets) {
  const auto refused = [&](const std::function<void(Hdf5Writer&)>& write, const char* part) {
    SCOPED_TRACE(part);
    {
      Hdf5Writer writer(file());
      write(writer);
      writer.reals("y", {2}, {1, 2});
    }
    EXPECT_DATA_ERROR(import(), part);
  };
  refused([](Hdf5Writer& w) { w.reals("x", {}, {1}); }, "\"x\" is a single number");
  refused([](Hdf5Writer& w) { w.reals("x", {2, 1, 1, 1, 1, 1}, {1, 2}); }, "samples of 5 dimensions; at most 4");
  refused([](Hdf5Writer& w) { w.reals("x", {2, 0}, {}); }, "\"x\" is 2 x 0 and so empty");
  refused(
      [](Hdf5Writer& w) {
        const Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
        w.write("x", {2}, text.get(), text.get(), std::vector<char>{'a', 'b'});
      },
      "\"x\" holds strings; wanted numbers");
  refused(
      [](Hdf5Writer& w) {
        w.integers("x", {2}, {1, int64_t{1} << 40});
      },
      "x[1] is 1099511627776; wanted an i32; --numbers NAME");
}

TEST_F(ImportHdf5, DamageIsNamed) {
  write_numbers(2000, H5T_IEEE_F64LE, {{100, 2}, false, false, true});
  std::string bytes = read_text(file());
  const double value = 2 * 777;  // the first number of row 777
  const size_t place = bytes.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  ASSERT_NE(place, std::string::npos);
  bytes[place] ^= 1;
  write_text(file(), bytes);
  EXPECT_DATA_ERROR(import(), "all.h5: cannot read rows ", "of \"x\"");
}

TEST_F(ImportHdf5, BadOptions) {
  write_numbers(10);
  const auto refused = [&](auto change) {
    ImportHdf5Options options = options_;
    change(options);
    EXPECT_THROW(import_hdf5(options, nullptr), ConfigError);
  };
  refused([](auto& o) { o.x = ""; });
  refused([](auto& o) { o.test_x = "x"; });
  refused([](auto& o) { o.test_x = "x,x", o.test_y = "y"; });
  refused([](auto& o) { o.classes = "1"; });
  refused([](auto& o) { o.classes = "one"; });
  refused([](auto& o) { o.y = "", o.classes = "3"; });
  refused([](auto& o) { o.fields = {"x"}; });
  refused([](auto& o) { o.numbers = "z"; });
  refused([](auto& o) { o.fractions = {0.5, 0.5}; });
  refused([](auto& o) { o.inputs.push_back("b"); });
}

TEST_F(ImportHdf5, RowsForPredictions) {
  write_numbers(100, H5T_IEEE_F64LE, {{30, 1}, true, true});
  import();
  const DatasetManifest manifest = read_dataset_manifest(options_.out);
  const std::vector<Hdf5Field> paths = hdf5_fields_from(manifest.preprocessing);
  ASSERT_EQ(paths.size(), 1u);
  Hdf5Rows rows(file(), paths, manifest.fields);
  EXPECT_EQ(rows.rows(), 100);
  EXPECT_EQ(rows.names(), std::vector<std::string>{"x"});
  std::vector<float> x(20);
  for (const int64_t begin : {0, 25, 90}) {
    const Tensor out[] = {{x.data(), DType::f32, {10, 2}}};
    rows.read(begin, 10, out);
    for (size_t i = 0; i < 20; ++i) ASSERT_EQ(x[i], static_cast<float>(2 * begin) + static_cast<float>(i));
  }
  Hdf5Writer(folder_ / "other.h5").reals("x", {5, 3}, std::vector<double>(15));
  EXPECT_DATA_ERROR(Hdf5Rows(folder_ / "other.h5", paths, manifest.fields),
                    "other.h5: x has samples of shape (3), the model wants (2)");
}

TEST_F(ImportHdf5, AnEqualImportIsRecognised) {
  write_numbers(20);
  import();
  EXPECT_TRUE(import().was_there);
  options_.seed = 3;
  EXPECT_DATA_ERROR(import(), "other data or options");
}

}  // namespace
}  // namespace convoy
