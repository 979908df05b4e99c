#include "datasets/hdf5_input.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <string>
#include <vector>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/hdf5_writer.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

const StoredField kNumbers{"x", StoredType::f64, {2}, {}, 0};
const StoredField kPixels{"pixels", StoredType::u8, {2, 3, 1}, {}, 0};
const StoredField kKinds{"kinds", StoredType::u16, {}, {.classes = {"a", "b", "c"}}, 3};

// Five rows in chunks of two: x as integers, pixels without their channel, kinds one each.
void write_rows(const std::filesystem::path& file, const std::vector<int64_t>& kinds = {0, 1, 2, 1, 0}) {
  std::vector<int64_t> counted(30);
  for (size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<int64_t>(i);
  Hdf5Writer writer(file);
  writer.integers("group/x", {5, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, H5T_STD_I32LE, {{2, 1}, true, true});
  writer.integers("pixels", {5, 2, 3}, counted, H5T_STD_U8LE);
  writer.integers("kinds", {5}, kinds, H5T_STD_U8LE);
}

const std::string kPreprocessing = R"({"kind": "hdf5", "fields": [{"name": "x", "path": "group/x"}]})";

TEST(Hdf5Input, RowsByNumberInPieces) {
  const TemporaryFolder folder;
  write_rows(folder / "rows.h5");
  const auto input = open_hdf5_input(folder / "rows.h5", {kKinds, kNumbers, kPixels}, kPreprocessing);
  ASSERT_EQ(input->fields().size(), 3u);
  EXPECT_EQ(input->fields()[0].dtype, DType::i32);
  EXPECT_EQ(input->fields()[1].dtype, DType::f32);
  EXPECT_EQ(input->fields()[2].dtype, DType::u8);
  EXPECT_EQ(input->kept_columns(), std::vector<std::string>{"row"});
  std::vector<int32_t> kinds(3);
  std::vector<float> x(6);
  std::vector<uint8_t> pixels(18);
  const Tensor out[] = {
      {kinds.data(), DType::i32, {3}}, {x.data(), DType::f32, {3, 2}}, {pixels.data(), DType::u8, {3, 2, 3, 1}}};
  std::vector<InputRow> rows;
  ASSERT_EQ(input->read(3, out, rows), 3);
  EXPECT_EQ(kinds, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(x, (std::vector<float>{0, 1, 2, 3, 4, 5}));
  ASSERT_EQ(input->read(3, out, rows), 2);
  EXPECT_EQ(kinds[0], 1);
  EXPECT_EQ(kinds[1], 0);
  EXPECT_EQ(x[3], 9);
  EXPECT_EQ(pixels[0], 18);
  EXPECT_EQ(pixels[11], 29);
  ASSERT_EQ(input->read(3, out, rows), 0);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].kept, "0");
  EXPECT_EQ(rows[4].kept, "4");
}

TEST(Hdf5Input, WhatDoesNotFitIsNamed) {
  const TemporaryFolder folder;
  write_rows(folder / "rows.h5", {0, 1, 2, 3, 0});
  const auto open = [&](const StoredField& field, const std::string& preprocessing = "") {
    return open_hdf5_input(folder / "rows.h5", {field}, preprocessing);
  };
  EXPECT_DATA_ERROR(open(kNumbers), "rows.h5: no dataset is called \"x\"", "group/x (5 x 2 int32)");
  StoredField other = kNumbers;
  other.shape = {4};
  EXPECT_DATA_ERROR(open(other, kPreprocessing), "group/x has samples of shape (2), the model wants (4)");
  other = kPixels;
  other.shape = {3, 2, 1};
  EXPECT_DATA_ERROR(open(other), "pixels has samples of shape (2, 3, 1), the model wants (3, 2, 1)");
  other = kNumbers;
  other.type = StoredType::u8;
  EXPECT_DATA_ERROR(open(other, kPreprocessing), "group/x is of type int32, the model wants bytes (uint8)");
  Hdf5Writer(folder / "reals.h5").reals("kinds", {5}, std::vector<double>(5));
  EXPECT_DATA_ERROR(open_hdf5_input(folder / "reals.h5", {kKinds}, ""),
                    "kinds is of type float64, the model wants whole numbers");
  std::vector<int32_t> kinds(5);
  const Tensor out[] = {{kinds.data(), DType::i32, {5}}};
  std::vector<InputRow> rows;
  EXPECT_DATA_ERROR(open(kKinds)->read(5, out, rows), "kinds[3] is 3; the model was trained on 0 to 2");
}

TEST(Hdf5Input, FilesAreKnownByTheirSignature) {
  const TemporaryFolder folder;
  write_rows(folder / "rows.h5");
  EXPECT_TRUE(is_hdf5_file(folder / "rows.h5"));
  const std::string content = read_text(folder / "rows.h5");
  write_text(folder / "behind.h5", std::string(1024, ' ') + content);
  EXPECT_TRUE(is_hdf5_file(folder / "behind.h5"));
  write_text(folder / "short", "\x89HDF");
  write_text(folder / "text.h5", std::string(5000, 'x'));
  for (const char* name : {"short", "text.h5", "none", "."}) EXPECT_FALSE(is_hdf5_file(folder / name)) << name;
}

}  // namespace
}  // namespace convoy
