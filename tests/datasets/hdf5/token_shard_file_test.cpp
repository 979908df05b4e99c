// Shards as HDF5 sees them: readable by any HDF5 program, and anything else is refused.
#include "datasets/hdf5/token_shard_file.h"

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

class TokenShardFile : public testing::Test {
 protected:
  TokenShardFile() { write_toy_dataset(folder_.path(), {.vocabulary = 300, .train_tokens = 1000}); }
  std::filesystem::path shard() const { return folder_ / "train-00000.h5"; }

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

TEST_F(TokenShardFile, AnyHdf5ProgramReadsIt) {
  std::vector<int32_t> tokens(1000);
  {
    const Handle file(H5Fopen(shard().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Handle dataset(H5Dopen2(file.get(), "tokens", H5P_DEFAULT), H5Dclose);
    ASSERT_GE(H5Dread(dataset.get(), H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, tokens.data()), 0);
  }
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(tokens[static_cast<size_t>(i)], toy_token(i, 300));
}

TEST_F(TokenShardFile, TellsItsLayout) {
  const auto layout = hdf5::open_token_shard(shard());
  EXPECT_EQ(layout.num_tokens, 1000);
  EXPECT_EQ(layout.token_bytes, 2);
  EXPECT_EQ(layout.vocabulary, 300);
  EXPECT_EQ(layout.data_offset % 64, 0);
}

TEST_F(TokenShardFile, AnotherVersion) {
  edit([](hid_t file) {
    const Handle dataset(H5Dopen2(file, "tokens", H5P_DEFAULT), H5Dclose);
    H5Adelete(dataset.get(), "format_version");
    add_attribute(dataset.get(), "format_version", 99);
  });
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "train-00000.h5", "version 99, wanted 1", "import the text again");
}

TEST_F(TokenShardFile, NoAttribute) {
  edit([](hid_t file) { H5Adelete_by_name(file, "tokens", "vocabulary", H5P_DEFAULT); });
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "no attribute \"vocabulary\"");
}

TEST_F(TokenShardFile, NoTokens) {
  edit([](hid_t file) { H5Ldelete(file, "tokens", H5P_DEFAULT); });
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "cannot open dataset \"tokens\"", "doesn't exist");
}

TEST_F(TokenShardFile, OtherForms) {
  replace_tokens(H5T_IEEE_F32LE, {1000}, false);
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "another type than uint16 or uint32");
  replace_tokens(H5T_STD_U16BE, {1000}, false);
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "another type than uint16 or uint32, little endian");
  replace_tokens(H5T_STD_U16LE, {10, 100}, false);
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "2 dimensions, wanted 1");
  replace_tokens(H5T_STD_U16LE, {1000}, true);
  EXPECT_DATA_ERROR(hdf5::open_token_shard(shard()), "not stored in one piece");
  replace_tokens(H5T_STD_U16LE, {1000}, false);
  EXPECT_NO_THROW(hdf5::open_token_shard(shard()));
}

TEST_F(TokenShardFile, CannotBeMadeWhereThereIsNoFolder) {
  EXPECT_DATA_ERROR(hdf5::create_token_shard(folder_ / "none" / "x.h5", {10, 2, 300, 0}), "x.h5",
                    "No such file or directory");
}

}  // namespace
}  // namespace convoy
