// Folders and files that are not what they should be: one clear message each, and never a crash.
#include <gtest/gtest.h>
#include <hdf5.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include <algorithm>

#include "datasets/hdf5/shard_file.h"
#include "datasets/kinds.h"
#include "datasets/token_dataset.h"
#include "datasets/token_shard_writer.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

constexpr int64_t T = 16;

class Damage : public testing::Test {
 protected:
  Damage() { write_toy_dataset(folder_.path(), {.vocabulary = 300, .train_tokens = 2000, .shard_tokens = 1000}); }
  void open() const { open_token_dataset(folder_.path(), T, 1); }
  void read_all() const {
    const auto dataset = open_token_dataset(folder_.path(), T, 1);
    read_samples(*dataset, Split::train, 0, 20 * dataset->samples(Split::train));
  }
  std::filesystem::path shard() const { return folder_ / "train-00001.h5"; }
  std::filesystem::path manifest() const { return folder_ / "manifest.json"; }
  void flip_token(int64_t token, char bits) const {
    std::string bytes = read_text(shard());
    bytes[static_cast<size_t>(data_offset(shard()) + token * 2)] ^= bits;
    write_text(shard(), bytes);
  }

  TemporaryFolder folder_;
};

TEST_F(Damage, NoneIsFineAndHdf5IsQuiet) {
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(read_all());
  EXPECT_DATA_ERROR(hdf5::open_shard(manifest(), {"tokens"}), "manifest.json", "HDF5");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Damage, NoFolder) {
  EXPECT_DATA_ERROR(open_token_dataset(folder_ / "none", T, 1), "none: no such dataset folder", "import-text");
}

TEST_F(Damage, NoManifest) {
  std::filesystem::remove(manifest());
  EXPECT_DATA_ERROR(open(), "no manifest.json", "did not finish", "import-text");
}

TEST_F(Damage, ManifestOfAnotherVersion) {
  replace_in_file(manifest(), "\"format_version\": 2", "\"format_version\": 99");
  EXPECT_DATA_ERROR(open(), "manifest.json", "version 99, wanted 2 or less", "import the data again");
}

TEST_F(Damage, ManifestOfAnotherKind) {
  replace_in_file(manifest(), "\"kind\": \"tokens\"", "\"kind\": \"images\"");
  EXPECT_DATA_ERROR(open_dataset(folder_.path(), {T, 1}),
                    "kind \"images\", wanted \"tokens\" or \"documents\" or \"pairs\" or \"arrays\"");
}

TEST_F(Damage, ManifestThatDoesNotParse) {
  for (const char* text : {"", "{", "[]", "null", "{\"format_version\": \"one\"}", "{\"format_version\": 1}", "\xff"}) {
    write_text(manifest(), text);
    EXPECT_DATA_ERROR(open(), "not a manifest of Convoy", "import the data again");
  }
}

TEST_F(Damage, ManifestCutAnywhere) {
  const std::string whole = read_text(manifest());
  for (size_t bytes = 0; bytes + 2 < whole.size(); bytes += 37) {
    write_text(manifest(), whole.substr(0, bytes));
    EXPECT_DATA_ERROR(open(), "manifest.json");
  }
}

TEST_F(Damage, ShardMissing) {
  std::filesystem::remove(shard());
  EXPECT_DATA_ERROR(open(), "train-00001.h5", "missing", "import the data again");
}

// HDF5 knows how long its file should be, and we check again before mapping it.
TEST_F(Damage, ShardTruncatedAnywhere) {
  const std::string whole = read_text(shard());
  for (size_t bytes = 0; bytes < whole.size(); bytes += whole.size() / 60 + 1) {
    write_text(shard(), whole.substr(0, bytes));
    EXPECT_DATA_ERROR(read_all(), "train-00001.h5");
  }
}

// HDF5 itself does not notice when a file was cut behind its back and padded again; our checksums do.
TEST_F(Damage, ShardHalfZero) {
  std::string bytes = read_text(shard());
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(data_offset(shard())) + 500, bytes.end(), '\0');
  write_text(shard(), bytes);
  EXPECT_DATA_ERROR(read_all(), "train-00001.h5");
}

TEST_F(Damage, RandomBytesAreNoShard) {
  std::string noise;
  for (int i = 0; i < 5000; ++i) noise.push_back(static_cast<char>(i * i * 31 >> 3));
  write_text(shard(), noise);
  EXPECT_NO_THROW(open()) << "opened lazily";
  EXPECT_DATA_ERROR(read_all(), "train-00001.h5", "HDF5");
}

TEST_F(Damage, OneFlippedBitIsFoundWhenItsBlockIsTouched) {
  flip_token(640, 1);
  EXPECT_NO_THROW(open()) << "checked lazily";
  const int64_t first = data_offset(shard()) + 640 * 2 / 64 * 64;
  EXPECT_DATA_ERROR(read_all(), "train-00001.h5",
                    "bytes " + std::to_string(first) + " to " + std::to_string(first + 63), "checksum",
                    "import the data again");
}

// HDF5 leaks memory of its own over damaged metadata, which is not ours to report.
class LeaksAllowed {
#ifdef __SANITIZE_ADDRESS__
  __lsan::ScopedDisabler disabler_;
#endif
 public:
  LeaksAllowed() = default;
};

// A byte of the file matters or does not change what is read; none crashes.
TEST_F(Damage, AnyFlippedByteIsFoundOrHarmless) {
  H5garbage_collect();  // memory that earlier tests took would be leaked too
  [[maybe_unused]] const LeaksAllowed of_hdf5;
  const std::string whole = read_text(shard());
  const auto wanted = [&] {
    const auto dataset = open_token_dataset(folder_.path(), T, 1);
    return read_samples(*dataset, Split::train, 0, 10 * dataset->samples(Split::train));
  };
  const Samples good = wanted();
  for (size_t place = 0; place < whole.size(); place += place < 1200 ? 3 : 29) {
    std::string bytes = whole;
    bytes[place] ^= 0x40;
    write_text(shard(), bytes);
    try {
      ASSERT_EQ(wanted(), good) << "byte " << place;
    } catch (const DataError& error) {
      ASSERT_NE(std::string(error.what()).find("train-00001.h5"), std::string::npos) << error.what();
    }
  }
}

TEST_F(Damage, ShardsOfTwoImportsMixed) {
  std::filesystem::copy_file(folder_ / "train-00000.h5", folder_ / "other.h5");
  TokenShardWriter writer(folder_.path(), Split::train, {301, 1000, 64});
  const std::vector<int32_t> tokens(1000, 300);
  writer.append(tokens);
  writer.finish();  // replaces train-00000.h5
  EXPECT_DATA_ERROR(read_all(), "train-00000.h5", "vocabulary 301", "the manifest says", "300", "mixed");
}

TEST_F(Damage, TokenBeyondTheVocabulary) {
  const TemporaryFolder other;
  // Written for a vocabulary of 300, then said to be of 299: token 299 stands at position 48 and so on.
  write_toy_dataset(other.path(), {.vocabulary = 300, .train_tokens = 400});
  const auto shard_file = other / "train-00000.h5";
  auto layouts = hdf5::open_shard(shard_file, {"tokens"});
  std::string data = read_text(shard_file).substr(static_cast<size_t>(layouts[0].data_offset), 800);
  layouts[0].vocabulary = 299;
  layouts = hdf5::create_shard(shard_file, layouts);
  std::string bytes = read_text(shard_file);
  bytes.replace(static_cast<size_t>(layouts[0].data_offset), data.size(), data);
  write_text(shard_file, bytes);
  replace_in_file(other / "manifest.json", "\"vocabulary\": 300", "\"vocabulary\": 299");
  const auto dataset = open_token_dataset(other.path(), T, 1);
  int64_t place = 0;
  while (toy_token(place, 300) != 299) ++place;
  EXPECT_DATA_ERROR(read_samples(*dataset, Split::train, 0, dataset->samples(Split::train)), "train-00000.h5",
                    "\"tokens\" has 299 in row", "wanted 0 to 298");
  EXPECT_DATA_ERROR(ArrayShard(other.path(), dataset->manifest(), dataset->manifest().split(Split::train).shards[0])
                        .read(0, place, 1, std::vector<int32_t>(1).data()),
                    "in row " + std::to_string(place));
}

TEST_F(Damage, TokenizerThatDoesNotParse) {
  write_text(folder_ / "tokenizer.json", "{\"model\":");
  const auto dataset = open_token_dataset(folder_.path(), T, 1);
  EXPECT_DATA_ERROR(dataset->tokenizer(), "tokenizer.json", "check that the file is whole");
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_DATA_ERROR(dataset->tokenizer(), "tokenizer.json", "No such file");
}

TEST(TokenShardWriter, RefusesTokensBeyondTheVocabulary) {
  const TemporaryFolder folder;
  TokenShardWriter writer(folder.path(), Split::train, {10, 100, 64});
  EXPECT_DATA_ERROR(writer.append(std::vector<int32_t>{1, 2, 10}), "token 10, wanted 0 to 9");
  EXPECT_DATA_ERROR(writer.append(std::vector<int32_t>{-1}), "token -1");
}

}  // namespace
}  // namespace convoy
