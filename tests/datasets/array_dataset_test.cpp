#include "datasets/array_dataset.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <numeric>

#include "datasets/hdf5/handle.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_arrays.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

// x of row i is (i, i + 0.5), y is i % 3.
struct Batch {
  std::vector<float> x;
  std::vector<int32_t> y;
  bool operator==(const Batch&) const = default;
};

Batch read_batch(Dataset& dataset, Split split, int64_t first, int64_t count) {
  Batch batch{std::vector<float>(static_cast<size_t>(count * 2)), std::vector<int32_t>(static_cast<size_t>(count))};
  const Tensor out[] = {{batch.x.data(), DType::f32, {count, 2}}, {batch.y.data(), DType::i32, {count}}};
  dataset.read(split, first, count, out);
  return batch;
}

std::vector<int64_t> rows_of(const Batch& batch) {
  std::vector<int64_t> rows;
  for (size_t i = 0; i < batch.y.size(); ++i) {
    const auto row = static_cast<int64_t>(batch.x[2 * i]);
    rows.push_back(row);
    EXPECT_EQ(batch.x[2 * i + 1], static_cast<float>(row) + 0.5f);
    EXPECT_EQ(batch.y[i], row % 3);
  }
  return rows;
}

TEST(ArrayDataset, ReadsWhatWasWritten) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 50, .validation = 20, .test = 7, .shard_rows = 8});
  const auto dataset = open_dataset(folder.path(), {.seed = 1});
  ASSERT_EQ(dataset->fields().size(), 2u);
  EXPECT_EQ(dataset->fields()[0].shape, Shape{2});
  EXPECT_EQ(dataset->fields()[1].dtype, DType::i32);
  EXPECT_EQ(dataset->fields()[1].shape, Shape{});
  EXPECT_EQ(dataset->samples(Split::train), 50);
  EXPECT_EQ(dataset->facts().stored_in(Split::test), 7);
  EXPECT_EQ(dataset->facts().fields[1].classes, (std::vector<std::string>{"none", "one", "two"}));
  std::vector<int64_t> in_order(20);
  std::iota(in_order.begin(), in_order.end(), 0);
  EXPECT_EQ(rows_of(read_batch(*dataset, Split::validation, 0, 20)), in_order);
  in_order.resize(7);
  EXPECT_EQ(rows_of(read_batch(*dataset, Split::test, 0, 7)), in_order);
}

TEST(ArrayDataset, CountsTheClassesOfTheTrainingSplit) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 50, .validation = 20, .shard_rows = 8});
  const auto dataset = open_dataset(folder.path(), {.seed = 1});
  EXPECT_EQ(dataset->class_counts("y"), (std::vector<int64_t>{17, 17, 16}));
  EXPECT_THROW(dataset->class_counts("x"), InternalError);
}

TEST(ArrayDataset, EachEpochIsAnotherPermutation) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 50, .shard_rows = 8});
  const auto dataset = open_dataset(folder.path(), {.seed = 1});
  std::vector<std::vector<int64_t>> epochs;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    epochs.push_back(rows_of(read_batch(*dataset, Split::train, epoch * 50, 50)));
    std::vector<int64_t> sorted = epochs.back();
    std::sort(sorted.begin(), sorted.end());
    for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(sorted[static_cast<size_t>(i)], i);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  const auto other = open_dataset(folder.path(), {.seed = 2});
  EXPECT_NE(rows_of(read_batch(*other, Split::train, 0, 50)), epochs[0]);
}

// A function of (seed, sample) alone: not of how batches are cut, nor of who asks.
TEST(ArrayDataset, SamplesDoNotDependOnHowBatchesAreCut) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 50, .shard_rows = 8});
  const auto dataset = open_dataset(folder.path(), {.seed = 42}), again = open_dataset(folder.path(), {.seed = 42});
  const Batch all = read_batch(*dataset, Split::train, 0, 120);
  for (int64_t i = 119; i >= 0; --i) {
    const Batch one = read_batch(*again, Split::train, i, 1);
    ASSERT_EQ(one.y[0], all.y[static_cast<size_t>(i)]);
    ASSERT_EQ(one.x[0], all.x[static_cast<size_t>(2 * i)]);
  }
}

TEST(ArrayDataset, DamageIsFoundWhenItIsTouched) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 50, .validation = 50});
  const auto shard = folder / "validation-00000.h5";
  std::string bytes = read_text(shard);
  const auto layout = hdf5::open_shard(shard, {"x"}).front();
  bytes[static_cast<size_t>(layout.data_offset) + 2 * 64] ^= 1;
  write_text(shard, bytes);
  const auto dataset = open_dataset(folder.path(), {});
  EXPECT_NO_THROW(read_batch(*dataset, Split::validation, 0, 16));
  EXPECT_DATA_ERROR(read_batch(*dataset, Split::validation, 16, 1), "validation-00000.h5", "checksum", "damaged");
}

TEST(ArrayDataset, LabelBeyondTheClasses) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 50});
  manifest.fields[1].facts.classes.pop_back();
  write_dataset_manifest(folder.path(), manifest);
  const auto dataset = open_dataset(folder.path(), {});
  EXPECT_DATA_ERROR(read_batch(*dataset, Split::train, 0, 50), "\"y\" has 2 in row", "wanted 0 to 1");
}

TEST(ArrayDataset, ShardsOfTwoDatasetsMixed) {
  const TemporaryFolder folder, other;
  write_toy_arrays(folder.path(), {.train = 50});
  write_toy_arrays(other.path(), {.train = 51});
  std::filesystem::copy_file(other / "train-00000.h5", folder / "train-00000.h5",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "\"x\" is 51 x 2 of float32; the manifest says 50 x 2");
}

TEST(ArrayDataset, SplitsThatAreNotThere) {
  const TemporaryFolder folder;
  write_toy_arrays(folder.path(), {.train = 5});
  const auto dataset = open_dataset(folder.path(), {});
  EXPECT_EQ(dataset->samples(Split::validation), 0);
  EXPECT_DATA_ERROR(read_batch(*dataset, Split::test, 0, 1), "no test split");
  write_toy_arrays(folder.path(), {.validation = 5});
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "the training split has 0 samples");
}

// Equal for equal samples, whatever their columns are called; unknown without checksums.
TEST(ArrayDataset, Identity) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 50, .validation = 5});
  const auto identity = [&] {
    write_dataset_manifest(folder.path(), manifest);
    return open_dataset(folder.path(), {})->identity();
  };
  const std::string first = identity();
  EXPECT_EQ(first.size(), 32u);
  manifest.fields[0].facts.columns = {{"a", {}}, {"b", ColumnStatistics{1, 2, 3, 4}}};
  EXPECT_EQ(identity(), first);
  manifest.split(Split::train).shards[0].checksums[1][0] ^= 1;
  EXPECT_NE(identity(), first);
  manifest.split(Split::train).shards[0].checksums.clear();
  EXPECT_EQ(identity(), "");
}

TEST(ArrayDataset, ManifestKeepsFacts) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 50});
  manifest.fields[0].facts.columns = {{"a \"b\"", ColumnStatistics{0.1, 1e-300, -3, 4e20}}, {"c", {}}};
  manifest.fields[0].facts.channels = {{"left", ColumnStatistics{1, 2, -3, 4}}, {"right", {}}};
  manifest.import = {"import-csv", {{"target", "y"}}, {{"t.csv", 5, 7}}};
  manifest.preprocessing = "{\n \"kind\": \"table\",\n \"columns\": []\n}\n";
  write_dataset_manifest(folder.path(), manifest);
  const DatasetManifest read = read_dataset_manifest(folder.path());
  EXPECT_EQ(read.fields[0].facts.columns, manifest.fields[0].facts.columns);
  EXPECT_EQ(read.fields[0].facts.channels, manifest.fields[0].facts.channels);
  EXPECT_EQ(read.fields[1].facts.classes, manifest.fields[1].facts.classes);
  EXPECT_EQ(read.splits, manifest.splits);
  EXPECT_EQ(read.import, manifest.import);
  EXPECT_EQ(read.preprocessing, manifest.preprocessing);
  EXPECT_EQ(open_dataset(folder.path(), {})->files().at("preprocessing.json"), manifest.preprocessing);
  manifest.preprocessing.clear();
  write_dataset_manifest(folder.path(), manifest);
  EXPECT_EQ(open_dataset(folder.path(), {})->files().count("preprocessing.json"), 0u);
}

// As HDF5 writes what nobody told it more of: no checksums, no attributes, its oldest format, two types of numbers.
TEST(ArrayDataset, WrittenByHand) {
  const TemporaryFolder folder;
  const double x[] = {0, 0.5, 1, 1.5, 2, 2.5};
  const int64_t y[] = {0, 1, 2};
  const hsize_t of_x[] = {3, 2}, of_y[] = {3};
  {
    const hdf5::Handle file(H5Fcreate((folder / "all.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const hdf5::Handle space_x(H5Screate_simple(2, of_x, nullptr), H5Sclose),
        space_y(H5Screate_simple(1, of_y, nullptr), H5Sclose);
    const auto write = [&](const char* name, hid_t type, hid_t space, const void* data) {
      const hdf5::Handle dataset(H5Dcreate2(file.get(), name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                                 H5Dclose);
      ASSERT_GE(H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), 0);
    };
    write("x", H5T_NATIVE_DOUBLE, space_x.get(), x);
    write("y", H5T_NATIVE_INT64, space_y.get(), y);
  }
  write_text(folder / "manifest.json", R"({"format_version": 2, "kind": "arrays",
    "fields": [{"name": "x", "dtype": "float64", "shape": [2]}, {"name": "y", "dtype": "int64", "shape": []}],
    "splits": {"train": {"shards": [{"file": "all.h5", "rows": 3}]}}})");
  const auto dataset = open_dataset(folder.path(), {.seed = 3});
  std::vector<int64_t> rows = rows_of(read_batch(*dataset, Split::train, 0, 3));
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(dataset->identity(), "");
}

TEST(ArrayDataset, ManifestsThatContradictThemselves) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& from, const std::string& to, const char* part) {
    write_toy_arrays(folder.path(), {.train = 50});
    replace_in_file(folder / "manifest.json", from, to);
    EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "manifest.json", part);
  };
  refused("\"float32\"", "\"float16\"", "type \"float16\"; wanted one of uint8");
  refused("\"name\": \"y\"", "\"name\": \"x\"", "is no name for a field, or for two");
  refused("\"file\": \"train-00000.h5\",\n     \"rows\": 50", "\"file\": \"train-00000.h5\",\n     \"rows\": 0",
          "has 0 rows");
  refused("\"name\": \"x\"", "\"name\": \"x\", \"channels\": [{\"name\": \"one\"}]",
          "2 channels a sample and names for 1");
  refused("\"block_bytes\": 64", "\"block_bytes\": 6", "blocks of 6 bytes");
  write_toy_arrays(folder.path(), {.train = 50});
  replace_in_file(folder / "manifest.json", "\"name\": \"x\"", "\"name\": \"x\", \"ragged\": true");
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "field x is ragged", "pad them");
  refused("\"kind\"", "\"sort\"", "not a manifest of Convoy");
}

}  // namespace
}  // namespace convoy
