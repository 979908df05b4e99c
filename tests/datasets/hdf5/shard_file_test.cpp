// Shards as HDF5 sees them: readable by any HDF5 program, and anything else is refused.
#include "datasets/hdf5/shard_file.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <functional>
#include <vector>

#include "datasets/hdf5/handle.h"
#include "datasets/token_shard_writer.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

using hdf5::Handle;

class ShardFile : public testing::Test {
 protected:
  ShardFile() { write_toy_dataset(folder_.path(), {.vocabulary = 300, .train_tokens = 1000}); }
  std::filesystem::path shard() const { return folder_ / "train-00000.h5"; }
  hdf5::FieldLayout open() const { return hdf5::open_shard(shard(), {"tokens"}).front(); }

  // Changes the shard with HDF5 itself.
  void edit(const std::function<void(hid_t)>& change) const {
    const Handle file(H5Fopen(shard().c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    ASSERT_GE(file.get(), 0);
    change(file.get());
  }
  // Replaces "tokens" by a dataset of another form.
  void replace_tokens(hid_t type, const std::vector<hsize_t>& shape, bool chunked) const {
    edit([&](hid_t file) {
      H5Ldelete(file, "tokens", H5P_DEFAULT);
      const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
      const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
      if (chunked) H5Pset_chunk(properties.get(), static_cast<int>(shape.size()), shape.data());
      H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY);
      const Handle dataset(H5Dcreate2(file, "tokens", type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                           H5Dclose);
      for (const char* name : {"format_version", "vocabulary"}) add_attribute(dataset.get(), name, 1);
    });
  }
  static void add_attribute(hid_t object, const char* name, int64_t value) {
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(H5Acreate2(object, name, H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value);
  }

  TemporaryFolder folder_;
};

TEST_F(ShardFile, AnyHdf5ProgramReadsIt) {
  std::vector<int32_t> tokens(1000);
  {
    const Handle file(H5Fopen(shard().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Handle dataset(H5Dopen2(file.get(), "tokens", H5P_DEFAULT), H5Dclose);
    ASSERT_GE(H5Dread(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, tokens.data()), 0);
  }
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(tokens[static_cast<size_t>(i)], toy_token(i, 300));
}

TEST_F(ShardFile, TellsItsLayout) {
  const auto layout = open();
  EXPECT_EQ(layout.extents, std::vector<int64_t>{1000});
  EXPECT_EQ(layout.type, StoredType::u16);
  EXPECT_EQ(layout.vocabulary, 300);
  EXPECT_EQ(layout.data_offset % 64, 0);
}

TEST_F(ShardFile, AnotherVersion) {
  edit([](hid_t file) {
    const Handle dataset(H5Dopen2(file, "tokens", H5P_DEFAULT), H5Dclose);
    H5Adelete(dataset.get(), "format_version");
    add_attribute(dataset.get(), "format_version", 99);
  });
  EXPECT_DATA_ERROR(open(), "train-00000.h5", "version 99, wanted 1", "import the data again");
}

TEST_F(ShardFile, NoAttribute) {
  edit([](hid_t file) { H5Adelete_by_name(file, "tokens", "vocabulary", H5P_DEFAULT); });
  EXPECT_FALSE(open().vocabulary) << "a file written by hand needs none";
}

TEST_F(ShardFile, NoTokens) {
  edit([](hid_t file) { H5Ldelete(file, "tokens", H5P_DEFAULT); });
  EXPECT_DATA_ERROR(open(), "cannot open dataset \"tokens\"", "doesn't exist");
}

TEST_F(ShardFile, OtherForms) {
  replace_tokens(H5T_IEEE_F32LE, {1000}, false);
  EXPECT_EQ(open().type, StoredType::f32);
  replace_tokens(H5T_STD_U16BE, {1000}, false);
  EXPECT_DATA_ERROR(open(), "another type than uint8, uint16", "little endian");
  replace_tokens(H5T_STD_U16LE, {10, 100}, false);
  EXPECT_EQ(open().extents, (std::vector<int64_t>{10, 100}));
  replace_tokens(H5T_STD_U16LE, {1000}, true);
  EXPECT_EQ(open().chunks.value().chunks.size(), 1u);
  EXPECT_EQ(open().chunks.value().extents, std::vector<int64_t>{1000});
  replace_tokens(H5T_STD_U16LE, {1000}, false);
  EXPECT_NO_THROW(open());
}

TEST_F(ShardFile, FieldsLieSideBySide) {
  const auto made = hdf5::create_shard(folder_ / "two.h5",
                                       {{"x", StoredType::f32, {7, 3}, {}, 0}, {"y", StoredType::i64, {7}, {}, 0}});
  const auto found = hdf5::open_shard(folder_ / "two.h5", {"y", "x"});
  EXPECT_EQ(found[1].name, "x");
  EXPECT_EQ(found[1].extents, (std::vector<int64_t>{7, 3}));
  EXPECT_EQ(found[1].bytes(), 84);
  EXPECT_EQ(found[1].data_offset, made[0].data_offset);
  EXPECT_EQ(found[0].type, StoredType::i64);
  EXPECT_GE(std::abs(found[0].data_offset - found[1].data_offset), 56);
  EXPECT_DATA_ERROR(hdf5::open_shard(folder_ / "two.h5", {"z"}), "cannot open dataset \"z\"");
}

TEST_F(ShardFile, CannotBeMadeWhereThereIsNoFolder) {
  EXPECT_DATA_ERROR(hdf5::create_shard(folder_ / "none" / "x.h5", {{"tokens", StoredType::u16, {10}, 300, 0}}), "x.h5",
                    "No such file or directory");
}

}  // namespace
}  // namespace convoy
