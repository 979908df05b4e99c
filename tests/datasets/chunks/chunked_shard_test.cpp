// Shards in chunks, compressed or not, beside the same rows in one piece.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>

#include "datasets/array_dataset.h"
#include "datasets/chunks/decode_chunk.h"
#include "datasets/inspect.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/hdf5_writer.h"
#include "tests/datasets/toy_arrays.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

constexpr int64_t kRows = 97;
constexpr size_t kOfRow = 3 * 5;

// x (3, 5): element e of row i is 1000 i + e; y: i % 4.
std::vector<int64_t> numbers_of_x(int64_t rows) {
  std::vector<int64_t> x;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t e = 0; e < static_cast<int64_t>(kOfRow); ++e) x.push_back(1000 * i + e);
  return x;
}

class ChunkedShard : public testing::Test {
 protected:
  void write(const Hdf5Storage& of_x, const Hdf5Storage& of_y = {}, hid_t type = H5T_IEEE_F32LE,
             const std::string& dtype = "float32", int64_t rows = kRows) const {
    std::vector<int64_t> y;
    for (int64_t i = 0; i < rows; ++i) y.push_back(i % 4);
    {
      Hdf5Writer writer(folder_ / "a.h5");
      const auto n = static_cast<hsize_t>(rows);
      writer.integers("x", {n, 3, 5}, numbers_of_x(rows), type, of_x);
      writer.integers("y", {n}, y, H5T_STD_I64LE, of_y);
    }
    const std::string shard = R"([{"file": "a.h5", "rows": )" + std::to_string(rows) + "}]";
    write_text(
        folder_ / "manifest.json",
        R"({"format_version": 2, "kind": "arrays", "block_bytes": 256, "fields": [{"name": "x", "dtype": ")" + dtype +
            R"(", "shape": [3, 5]}, {"name": "y", "dtype": "int64", "shape": [], "classes": ["a", "b", "c", "d"]}],
                   "splits": {"train": {"shards": )" +
            shard + R"(}, "validation": {"shards": )" + shard + "}}}");
  }
  std::unique_ptr<ArrayDataset> open(int64_t window_bytes = kWindowBytes) const {
    return std::make_unique<ArrayDataset>(folder_.path(), read_dataset_manifest(folder_.path()),
                                          DatasetNeeds{.seed = 5}, window_bytes);
  }
  struct Rows {
    std::vector<float> x;
    std::vector<int32_t> y;
    bool operator==(const Rows&) const = default;
  };
  static Rows read(ArrayDataset& dataset, Split split, int64_t first, int64_t count) {
    Rows rows{std::vector<float>(static_cast<size_t>(count) * kOfRow),
              std::vector<int32_t>(static_cast<size_t>(count))};
    const Tensor out[] = {{rows.x.data(), DType::f32, {count, 3, 5}}, {rows.y.data(), DType::i32, {count}}};
    dataset.read(split, first, count, out);
    return rows;
  }
  void expect_good(const std::string& what) const {
    SCOPED_TRACE(what);
    const Rows rows = read(*open(), Split::validation, 0, kRows);
    for (int64_t i = 0; i < kRows; ++i) {
      ASSERT_EQ(rows.y[static_cast<size_t>(i)], i % 4);
      for (size_t e = 0; e < kOfRow; ++e)
        ASSERT_EQ(rows.x[static_cast<size_t>(i) * kOfRow + e], static_cast<float>(1000 * i) + static_cast<float>(e));
    }
    EXPECT_EQ(verify_dataset(folder_.path(), nullptr), std::vector<std::string>{});
  }
  // Changes the byte where this number of x lies uncompressed.
  void damage(float number) const {
    std::string bytes = read_text(folder_ / "a.h5");
    const size_t place = bytes.find(std::string(reinterpret_cast<const char*>(&number), sizeof number));
    ASSERT_NE(place, std::string::npos);
    bytes[place] ^= 1;
    write_text(folder_ / "a.h5", bytes);
  }

  TemporaryFolder folder_;
};

TEST_F(ChunkedShard, EveryShapeOfChunksAndEveryFilter) {
  for (const std::vector<hsize_t>& chunk : std::vector<std::vector<hsize_t>>{
           {1, 3, 5}, {10, 3, 5}, {97, 3, 5}, {7, 2, 3}, {30, 1, 1}, {8, 3, 4}, {50, 2, 5}})
    for (const bool shuffle : {false, true})
      for (const bool gzip : {false, true})
        for (const bool fletcher32 : {false, true}) {
          write({chunk, shuffle, gzip, fletcher32}, {{13}, true, true, true});
          expect_good("chunks of " + std::to_string(chunk[0]) + " x " + std::to_string(chunk[1]) + " x " +
                      std::to_string(chunk[2]) + (shuffle ? " shuffle" : "") + (gzip ? " gzip" : "") +
                      (fletcher32 ? " fletcher32" : ""));
        }
}

TEST_F(ChunkedShard, OtherTypes) {
  write({{11, 3, 2}, true, true}, {}, H5T_IEEE_F64LE, "float64");
  expect_good("float64");
}

// The order of samples does not tell how the rows are stored, as long as all are kept decoded.
TEST_F(ChunkedShard, SameSamplesAsInOnePiece) {
  write({});
  const Rows wanted = read(*open(), Split::train, 0, 3 * kRows);
  write({{10, 3, 5}, true, true, true}, {{20}});
  const auto dataset = open();
  EXPECT_EQ(read(*dataset, Split::train, 0, 3 * kRows), wanted);
}

TEST_F(ChunkedShard, WindowsAreAFunctionOfTheSample) {
  write({{10, 3, 5}, true, true}, {{4}});
  const int64_t window_bytes = 30 * static_cast<int64_t>(kOfRow * 4 + 8);
  const auto dataset = open(window_bytes), again = open(window_bytes);
  const Rows all = read(*dataset, Split::train, 0, 3 * kRows);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<float> firsts;
    for (int64_t i = 0; i < kRows; ++i) firsts.push_back(all.x[static_cast<size_t>(epoch * kRows + i) * kOfRow]);
    std::sort(firsts.begin(), firsts.end());
    for (int64_t i = 0; i < kRows; ++i) ASSERT_EQ(firsts[static_cast<size_t>(i)], static_cast<float>(1000 * i));
  }
  for (int64_t i = 3 * kRows - 1; i >= 0; i -= 7) {
    const Rows one = read(*again, Split::train, i, 1);
    ASSERT_EQ(one.y[0], all.y[static_cast<size_t>(i)]);
    ASSERT_EQ(one.x[0], all.x[static_cast<size_t>(i) * kOfRow]);
  }
}

TEST_F(ChunkedShard, DamageIsNamed) {
  write({{10, 3, 5}, false, false, true}, {{97}});
  damage(23004.0f);
  damage(71000.0f);
  const auto dataset = open();
  EXPECT_NO_THROW(read(*dataset, Split::validation, 0, 20));
  EXPECT_DATA_ERROR(read(*dataset, Split::validation, 20, 1),
                    "a.h5: the chunk of rows 20 to 29 of \"x\" cannot be read", "its checksum is");
  const std::vector<std::string> damages = verify_dataset(folder_.path(), nullptr);
  ASSERT_EQ(damages.size(), 4u) << "two, of train and of validation";
  EXPECT_NE(damages[1].find("rows 70 to 79"), std::string::npos) << damages[1];
}

TEST_F(ChunkedShard, DamagedCompression) {
  write({{97, 3, 5}, false, true}, {});
  std::string bytes = read_text(folder_ / "a.h5");
  const size_t place = bytes.find("\x78\x5e");  // how zlib begins at level 4
  ASSERT_NE(place, std::string::npos);
  bytes[place + 40] ^= 0x55;
  write_text(folder_ / "a.h5", bytes);
  EXPECT_DATA_ERROR(read(*open(), Split::validation, 0, 1), "its compressed bytes are damaged");
}

// Checksums in the manifest are of the elements, as h5repack leaves them.
TEST_F(ChunkedShard, ChecksumsOfTheManifest) {
  DatasetManifest manifest = write_toy_arrays(folder_.path(), {.train = 50});
  std::vector<double> x;
  std::vector<int64_t> y;
  for (int64_t i = 0; i < 50; ++i) {
    x.push_back(static_cast<double>(i)), x.push_back(static_cast<double>(i) + 0.5);
    y.push_back(i % 3);
  }
  const auto repack = [&] {
    Hdf5Writer writer(folder_ / "train-00000.h5");
    writer.reals("x", {50, 2}, x, H5T_IEEE_F32LE, {{12, 2}, true, true});
    writer.integers("y", {50}, y, H5T_STD_U16LE, {{50}, true, true});
  };
  repack();
  EXPECT_EQ(verify_dataset(folder_.path(), nullptr), std::vector<std::string>{});
  EXPECT_EQ(open_dataset(folder_.path(), {})->samples(Split::train), 50);
  x[2 * 20] = 7;
  x[2 * 40] = 7;
  repack();
  const std::vector<std::string> damages = verify_dataset(folder_.path(), nullptr);
  ASSERT_EQ(damages.size(), 2u);
  EXPECT_NE(damages[0].find("bytes 128 to 191 of its elements (rows 16 to 23 of \"x\") have checksum"),
            std::string::npos)
      << damages[0];
}

TEST_F(ChunkedShard, EachChunkIsDecodedOnceWhereAllAreKept) {
  write({{10, 3, 5}, true, true}, {});
  const DatasetManifest manifest = read_dataset_manifest(folder_.path());
  const auto cache = std::make_shared<BandCache>(1 << 20);
  const ArrayShard shard(folder_.path(), manifest, manifest.split(Split::train).shards[0], cache);
  std::vector<float> x(kOfRow);
  for (int64_t i = 0; i < 500; ++i) shard.read(0, i * 41 % kRows, 1, x.data());
  EXPECT_EQ(cache->decoded(), 10);
  std::vector<BandKey> bands;
  shard.add_bands(35, 20, bands);
  EXPECT_EQ(bands.size(), 3u);
}

TEST_F(ChunkedShard, ReadAheadDecodesWhatIsToCome) {
  write({{10, 3, 5}, true, true}, {});
  const DatasetManifest manifest = read_dataset_manifest(folder_.path());
  const auto cache = std::make_shared<BandCache>(1 << 20);
  const ArrayShard shard(folder_.path(), manifest, manifest.split(Split::train).shards[0], cache);
  std::vector<BandKey> bands;
  shard.add_bands(0, kRows, bands);
  cache->read_ahead(bands, true);
  for (int i = 0; i < 1000 && cache->decoded() < 10; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(cache->decoded(), 10);
  cache->stop();
}

TEST_F(ChunkedShard, LittleMemoryKeepsLittle) {
  write({{10, 3, 5}, true, true}, {});
  const DatasetManifest manifest = read_dataset_manifest(folder_.path());
  const auto cache = std::make_shared<BandCache>(2 * 10 * static_cast<int64_t>(kOfRow) * 4);
  const ArrayShard shard(folder_.path(), manifest, manifest.split(Split::train).shards[0], cache);
  std::vector<float> x(kOfRow);
  for (const int64_t row : {0, 10, 0, 20, 0, 10}) shard.read(0, row, 1, x.data());
  EXPECT_EQ(cache->decoded(), 4) << "0 is used all the time, 10 goes for 20 and comes again";
}

TEST_F(ChunkedShard, WhatCannotBeRead) {
  write({});
  {
    const hdf5::Handle file(H5Fopen((folder_ / "a.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    H5Ldelete(file.get(), "x", H5P_DEFAULT);
    const hsize_t extents[] = {kRows, 3, 5}, chunk[] = {10, 3, 5};
    const hdf5::Handle space(H5Screate_simple(3, extents, nullptr), H5Sclose),
        properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(properties.get(), 3, chunk);
    const hdf5::Handle dataset(
        H5Dcreate2(file.get(), "x", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
  }
  EXPECT_DATA_ERROR(open(), "\"x\" has no data from row 0 on: that chunk was never written");
  {
    const hdf5::Handle file(H5Fopen((folder_ / "a.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    H5Ldelete(file.get(), "x", H5P_DEFAULT);
    const hsize_t extents[] = {kRows, 3, 5}, chunk[] = {10, 3, 5};
    const hdf5::Handle space(H5Screate_simple(3, extents, nullptr), H5Sclose),
        properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(properties.get(), 3, chunk);
    H5Pset_scaleoffset(properties.get(), H5Z_SO_FLOAT_DSCALE, 2);
    const hdf5::Handle dataset(
        H5Dcreate2(file.get(), "x", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
  }
  EXPECT_DATA_ERROR(open(), "\"x\" went by filter 6 (scaleoffset); write it with compression=\"gzip\"");
}

TEST_F(ChunkedShard, LabelsAndNumbersOutOfRange) {
  {
    const std::vector<int64_t> numbers = numbers_of_x(50);
    std::vector<double> x(numbers.begin(), numbers.end());
    x[5 * kOfRow] = std::nan("");
    x[6 * kOfRow] = std::nan("");
    std::vector<int64_t> y(50, 1);
    y[7] = 4, y[9] = 9, y[33] = -1;
    write({}, {}, H5T_IEEE_F32LE, "float32", 50);
    Hdf5Writer writer(folder_ / "a.h5");
    writer.reals("x", {50, 3, 5}, x, H5T_IEEE_F32LE, {{25, 3, 5}, true, true});
    writer.integers("y", {50}, y, H5T_STD_I64LE);
  }
  const std::vector<std::string> damages = verify_dataset(folder_.path(), nullptr);
  ASSERT_EQ(damages.size(), 6u) << "of train and of validation: x once, y in two blocks";
  EXPECT_NE(damages[0].find("\"x\" has nan in row 5 and 1 more like it up to row 6, wanted finite numbers"),
            std::string::npos)
      << damages[0];
  EXPECT_NE(damages[1].find("\"y\" has 4 in row 7 and 1 more like it up to row 9, wanted 0 to 3"), std::string::npos)
      << damages[1];
  EXPECT_NE(damages[2].find("\"y\" has -1 in row 33, wanted 0 to 3"), std::string::npos) << damages[2];
}

// As HDF5 computes it, which the tests above show of files; here the end that is not a whole word, and a known value.
TEST(DecodeChunk, Fletcher32) {
  const std::string text = "abcdefgh";
  EXPECT_EQ(fletcher32(std::as_bytes(std::span(text))), 0xe1eb9195u);
  EXPECT_EQ(fletcher32({}), 0u);
  const std::string odd = "abc";
  EXPECT_EQ(fletcher32(std::as_bytes(std::span(odd))), 0x25c5c462u);
}

}  // namespace
}  // namespace convoy
