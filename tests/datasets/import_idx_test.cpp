#include "datasets/import_idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <set>

#include "datasets/idx/idx_file.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> 8 * i);
  return text;
}
std::string idx(int type, const std::vector<uint32_t>& extents, const std::string& data) {
  std::string text = big_endian(static_cast<uint64_t>(type) << 8 | extents.size(), 4);
  for (const uint32_t extent : extents) text += big_endian(extent, 4);
  return text + data;
}
void write_gz(const std::filesystem::path& file, const std::string& content) {
  const gzFile gz = gzopen(file.c_str(), "wb");
  gzwrite(gz, content.data(), static_cast<unsigned>(content.size()));
  gzclose(gz);
}

class ImportIdx : public testing::Test {
 protected:
  ImportIdx() {
    options_.inputs = {folder_ / "in"};
    options_.out = folder_ / "data";
    std::filesystem::create_directory(folder_ / "in");
  }
  std::filesystem::path in(const std::string& name) const { return folder_ / "in" / name; }
  // Image i of 2 x 3: bytes i, i + 1, ...; its label i % 4.
  void write_pair(const std::string& split, int count, bool gz) const {
    std::string images, labels;
    for (int i = 0; i < count; ++i) {
      for (int k = 0; k < 6; ++k) images += static_cast<char>(i + k);
      labels += static_cast<char>(i % 4);
    }
    const auto n = static_cast<uint32_t>(count);
    const std::string x = idx(8, {n, 2, 3}, images), y = idx(8, {n}, labels);
    if (gz) {
      write_gz(in(split + "-images-idx3-ubyte.gz"), x);
      write_gz(in(split + "-labels-idx1-ubyte.gz"), y);
    } else {
      write_text(in(split + "-images-idx3-ubyte"), x);
      write_text(in(split + "-labels-idx1-ubyte"), y);
    }
  }
  ImportResult import() const { return import_idx(options_, nullptr); }
  // First bytes of a split's images, in order, after checking the rest.
  std::vector<int> firsts_of(Split split) const {
    const auto dataset = open_dataset(options_.out, {.seed = 1});
    std::vector<int> firsts;
    for (int64_t i = 0; i < dataset->samples(split); ++i) {
      std::array<uint8_t, 6> x{};
      int32_t y = 0;
      const Tensor out[] = {{x.data(), DType::u8, {1, 2, 3, 1}}, {&y, DType::i32, {1}}};
      dataset->read(split, i, 1, out);
      for (int k = 0; k < 6; ++k) EXPECT_EQ(x[static_cast<size_t>(k)], x[0] + k);
      EXPECT_EQ(y, x[0] % 4);
      firsts.push_back(x[0]);
    }
    return firsts;
  }

  TemporaryFolder folder_;
  ImportIdxOptions options_;
};

TEST_F(ImportIdx, TheUsualFourFiles) {
  for (const bool gz : {false, true}) {
    for (const auto& old : std::filesystem::directory_iterator(folder_ / "in")) std::filesystem::remove(old);
    write_pair("train", 100, gz);
    write_pair("t10k", 20, gz);
    write_text(in("README"), "what this is");
    options_.force = true;
    const ImportResult result = import();
    const auto dataset = open_dataset(options_.out, {});
    EXPECT_EQ(dataset->fields()[0].shape, (Shape{2, 3, 1}));
    EXPECT_EQ(dataset->fields()[0].dtype, DType::u8);
    EXPECT_EQ(dataset->facts().fields[0].channels[0].name, "grey");
    EXPECT_EQ(dataset->facts().fields[1].classes, (std::vector<std::string>{"0", "1", "2", "3"}));
    EXPECT_EQ(dataset->samples(Split::validation), 10);
    std::vector<int> all = firsts_of(Split::train), validation = firsts_of(Split::validation);
    all.insert(all.end(), validation.begin(), validation.end());
    std::sort(all.begin(), all.end());
    for (int i = 0; i < 100; ++i) ASSERT_EQ(all[static_cast<size_t>(i)], i);
    EXPECT_EQ(firsts_of(Split::test).size(), 20u);
    EXPECT_EQ(result.manifest.import.sources.size(), 4u);
  }
}

TEST_F(ImportIdx, NamesOfClasses) {
  write_pair("train", 40, false);
  options_.classes = "coat,shirt,shoe,bag";
  import();
  EXPECT_EQ(open_dataset(options_.out, {})->facts().fields[1].classes[2], "shoe");
  options_.force = true;
  options_.classes = "coat,shirt,shoe";
  EXPECT_DATA_ERROR(import(), "label 3 of sample 3, but --classes names 3: 0 to 2");
  options_.classes = "coat,,shoe";
  EXPECT_THROW(import(), ConfigError);
}

TEST_F(ImportIdx, OtherTypes) {
  std::string shorts, reals, doubles, labels;
  for (int i = 0; i < 4; ++i) {
    shorts += big_endian(static_cast<uint16_t>(-i), 2);
    reals += big_endian(std::bit_cast<uint32_t>(i * 0.5f), 4);
    doubles += big_endian(std::bit_cast<uint64_t>(i * 0.25), 8);
    labels += big_endian(static_cast<uint32_t>(i % 2), 4);
  }
  write_text(in("train-labels"), idx(0x0c, {4}, labels));
  options_.fractions = {0, 0};
  options_.force = true;
  const auto first_of = [&](const std::string& samples) {
    write_text(in("train-x"), samples);
    import();
    const auto dataset = open_dataset(options_.out, {});
    std::array<int32_t, 2> x{};
    std::vector<float> values;
    for (int64_t i = 0; i < 4; ++i) {
      int32_t y = 0;
      const Tensor out[] = {{x.data(), dataset->fields()[0].dtype, {1, 1}}, {&y, DType::i32, {1}}};
      dataset->read(Split::train, i, 1, out);
      values.push_back(dataset->fields()[0].dtype == DType::f32 ? std::bit_cast<float>(x[0])
                                                                : static_cast<float>(x[0]));
    }
    std::sort(values.begin(), values.end());
    return values;
  };
  EXPECT_EQ(first_of(idx(0x0b, {4, 1}, shorts)), (std::vector<float>{-3, -2, -1, 0}));
  EXPECT_EQ(first_of(idx(0x0d, {4, 1}, reals)), (std::vector<float>{0, 0.5, 1, 1.5}));
  EXPECT_EQ(first_of(idx(0x0e, {4, 1}, doubles)), (std::vector<float>{0, 0.25, 0.5, 0.75}));
}

TEST_F(ImportIdx, BadFiles) {
  EXPECT_DATA_ERROR(import(), "no IDX file in this folder; wanted such as train-images-idx3-ubyte");
  write_pair("t10k", 20, false);
  EXPECT_DATA_ERROR(import(), "nothing to train on");
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) std::filesystem::remove(in(name));
  write_pair("train", 20, false);
  const std::string images = read_text(in("train-images-idx3-ubyte")),
                    labels = read_text(in("train-labels-idx1-ubyte"));
  const auto refused = [&](const std::string& x, const std::string& y, const char* part) {
    SCOPED_TRACE(part);
    write_text(in("train-images-idx3-ubyte"), x);
    write_text(in("train-labels-idx1-ubyte"), y);
    EXPECT_DATA_ERROR(import(), part);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "data"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "data.importing"));
  };
  refused(images.substr(0, images.size() - 1), labels, "train-images-idx3-ubyte: ends after 19 of 20 samples");
  refused(images + "x", labels, "more follows behind the 20 samples");
  refused(images.substr(0, 9), labels, "ends within its header");
  refused(images, labels.substr(0, labels.size() - 3), "train-labels-idx1-ubyte: ends after 17 of 20 samples");
  refused(idx(8, {19, 2, 3}, images.substr(16, 19 * 6)), labels, "has 19 samples, ");
  refused(idx(8, {20, 0, 3}, ""), labels, "wanted samples of 1 to");
  refused(idx(8, {0, 2, 3}, ""), labels, "holds no sample");
  refused(idx(8, {20, 1, 1, 1, 1, 1}, std::string(20, 'x')), labels, "has 6 dimensions, at most 5");
  refused(images, idx(8, {20}, std::string(20, '\0')), "all labels are 0, one class only");
  refused(images, idx(0x0d, {20}, std::string(80, '\0')), "holds reals; labels are whole numbers");
  refused(images, idx(0x0c, {20}, std::string(80, '\xff')), "label -1 of sample 0");
  write_text(in("train-images-idx3-ubyte"), images);
  write_text(in("train-labels-idx1-ubyte"), labels);
  write_pair("t10k", 20, false);
  write_text(in("t10k-images-idx3-ubyte"), idx(8, {20, 2, 2}, std::string(80, 'x')));
  EXPECT_DATA_ERROR(import(), "t10k-images-idx3-ubyte: other samples than those of");
  std::filesystem::remove(in("t10k-labels-idx1-ubyte"));
  EXPECT_DATA_ERROR(import(), "t10k-images-idx3-ubyte: its labels (a file of one dimension) are missing");
  std::filesystem::copy(in("train-images-idx3-ubyte"), in("more-images-idx3-ubyte"));
  EXPECT_DATA_ERROR(import(), "are both samples of the train split");
}

TEST_F(ImportIdx, DamagedGzip) {
  write_pair("train", 2000, true);
  const std::string good = read_text(in("train-images-idx3-ubyte.gz"));
  write_text(in("train-images-idx3-ubyte.gz"), good.substr(0, good.size() / 2));
  EXPECT_DATA_ERROR(import(), "train-images-idx3-ubyte.gz: ends after ");
  std::string flipped = good;
  flipped[flipped.size() - 6] ^= 1;  // its checksum
  write_text(in("train-images-idx3-ubyte.gz"), flipped);
  EXPECT_DATA_ERROR(import(), "train-images-idx3-ubyte.gz: is damaged: ");
}

TEST_F(ImportIdx, AnEqualImportIsRecognised) {
  write_pair("train", 40, false);
  import();
  EXPECT_TRUE(import().was_there);
  options_.seed = 2;
  EXPECT_DATA_ERROR(import(), "other data or options");
}

}  // namespace
}  // namespace convoy
