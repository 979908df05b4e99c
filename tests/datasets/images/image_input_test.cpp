#include "datasets/images/image_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/images/test_images.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

struct ReadSamples {
  std::vector<InputRow> rows;
  std::vector<std::vector<uint8_t>> images;
};

ReadSamples read_all(PredictionInput& input) {
  ReadSamples all;
  const auto bytes = static_cast<size_t>(input.fields()[0].shape.elements());
  for (int64_t count = 2; count == 2;) {
    std::vector<uint8_t> two(2 * bytes);
    const Tensor out[] = {{two.data(), DType::u8, {2, static_cast<int64_t>(bytes)}}};
    count = input.read(2, out, all.rows);
    for (int64_t i = 0; i < count; ++i)
      all.images.emplace_back(two.begin() + i * static_cast<int64_t>(bytes),
                              two.begin() + (i + 1) * static_cast<int64_t>(bytes));
  }
  return all;
}

const ImageField kField{"x", {4, 6, 3, "squeeze"}};

void write_pictures(const TemporaryFolder& folder) {
  write_text(folder / "pictures/b.png", png_of(smooth_image(4, 6, 3)));
  write_text(folder / "pictures/a,1.PNG", png_of(smooth_image(8, 12, 3)));
  write_text(folder / "pictures/below/c.png", png_of(smooth_image(4, 6, 3)));
  write_text(folder / "pictures/below/named_text.txt", jpeg_of(smooth_image(30, 20, 1)));
  write_text(folder / "pictures/notes.txt", "none");
  write_text(folder / "pictures/.hidden.png", "none");
}

TEST(ImageInput, FilesOfAFolderInOrder) {
  const TemporaryFolder folder;
  write_pictures(folder);
  const auto input = open_image_input(folder / "pictures", kField, {});
  EXPECT_EQ(input->fields()[0].shape, (Shape{4, 6, 3}));
  const ReadSamples all = read_all(*input);
  ASSERT_EQ(all.rows.size(), 4u);
  EXPECT_EQ(all.rows[0].kept, "\"a,1.PNG\"");
  EXPECT_EQ(all.rows[1].kept, "b.png");
  EXPECT_EQ(all.rows[2].kept, "below/c.png");
  EXPECT_EQ(all.rows[3].kept, "below/named_text.txt");
  ASSERT_EQ(all.images.size(), 4u);
  EXPECT_EQ(all.images[1], smooth_image(4, 6, 3).bytes);
  EXPECT_EQ(all.images[2], all.images[1]);
  const std::string large = png_of(smooth_image(8, 12, 3));
  EXPECT_EQ(all.images[0], prepare_image(std::as_bytes(std::span(large)), kField.form).image.bytes);
  EXPECT_EQ(input->kept_columns(), (std::vector<std::string>{"file"}));
  const std::string notes = fmt::format("{}", fmt::join(input->notes(), "|"));
  EXPECT_NE(notes.find("1 hidden files or folders passed over: "), std::string::npos) << notes;
  EXPECT_NE(notes.find("1 files are no images: "), std::string::npos) << notes;
}

// More pictures than threads hold at once, of many sizes: the order stays.
TEST(ImageInput, ManyFilesKeepTheirOrder) {
  const TemporaryFolder folder;
  constexpr int kFiles = 700;
  for (int i = 0; i < kFiles; ++i) {
    Image image(1 + i % 5, 1 + i % 7, 1);
    std::fill(image.bytes.begin(), image.bytes.end(), static_cast<uint8_t>(i % 251));
    write_text(folder / fmt::format("pictures/{:04}.png", i), png_of(image));
  }
  const ReadSamples all = read_all(*open_image_input(folder / "pictures", {"x", {2, 2, 1, "squeeze"}}, {}));
  ASSERT_EQ(all.images.size(), static_cast<size_t>(kFiles));
  for (int i = 0; i < kFiles; ++i) {
    ASSERT_EQ(all.rows[static_cast<size_t>(i)].kept, fmt::format("{:04}.png", i));
    ASSERT_EQ(all.images[static_cast<size_t>(i)], std::vector<uint8_t>(4, static_cast<uint8_t>(i % 251)));
  }
}

TEST(ImageInput, WhatIsDamagedIsAnErrorOrHasNoPrediction) {
  const TemporaryFolder folder;
  write_pictures(folder);
  write_text(folder / "pictures/c.jpg", "no picture");
  write_text(folder / "pictures/d.png", png_of(smooth_image(4, 6, 3)).substr(0, 60));
  EXPECT_DATA_ERROR(read_all(*open_image_input(folder / "pictures", kField, {})),
                    "c.jpg is no PNG or JPEG image, though it is called so; mend or remove it, or leave");
  const auto input = open_image_input(folder / "pictures", kField, {.damaged = "skip"});
  const ReadSamples all = read_all(*input);
  ASSERT_EQ(all.rows.size(), 6u);
  EXPECT_EQ(all.rows[4].kept, "c.jpg");
  EXPECT_FALSE(all.rows[4].usable);
  EXPECT_FALSE(all.rows[5].usable);
  EXPECT_EQ(all.images.size(), 4u);
  const std::string notes = fmt::format("{}", fmt::join(input->notes(), "|"));
  EXPECT_NE(notes.find("2 images have no prediction: "), std::string::npos) << notes;
  EXPECT_NE(notes.find("d.png is damaged"), std::string::npos) << notes;
  EXPECT_THROW(open_image_input(folder / "pictures", kField, {.damaged = "gone"}), ConfigError);
}

TEST(ImageInput, OneFile) {
  const TemporaryFolder folder;
  write_text(folder / "b.png", png_of(smooth_image(4, 6, 3)));
  const ReadSamples all = read_all(*open_image_input(folder / "b.png", kField, {}));
  ASSERT_EQ(all.images.size(), 1u);
  EXPECT_EQ(all.rows[0].kept, "b.png");
  EXPECT_EQ(all.images[0], smooth_image(4, 6, 3).bytes);
  write_text(folder / "b", "no picture");
  EXPECT_DATA_ERROR(read_all(*open_image_input(folder / "b", kField, {})), "b is no PNG or JPEG image; name a PNG");
  EXPECT_DATA_ERROR(open_image_input(folder / "none.png", kField, {}), "none.png: no such file or folder");
  std::filesystem::create_directory(folder / "empty");
  EXPECT_DATA_ERROR(read_all(*open_image_input(folder / "empty", kField, {})), "empty: no PNG or JPEG image in this");
}

}  // namespace
}  // namespace convoy
