#include "datasets/array_samples.h"

#include <gtest/gtest.h>

#include <array>

#include "datasets/array_shard_writer.h"
#include "datasets/inspect.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_arrays.h"

namespace convoy {
namespace {

Image column_of(std::vector<uint8_t> bytes, int64_t channels = 1) {
  Image image(static_cast<int64_t>(bytes.size()) / channels, 1, channels);
  image.bytes = std::move(bytes);
  return image;
}

TEST(PictureText, Shades) {
  EXPECT_EQ(picture_text(column_of({0, 0, 255, 255, 128, 128}), PictureStyle::shades, 80), " \n@\n+\n");
  EXPECT_EQ(picture_text(column_of({255}), PictureStyle::shades, 80), "@\n") << "a last row alone is whole";
  Image wide(2, 200, 3);
  const std::string text = picture_text(wide, PictureStyle::shades, 40);
  EXPECT_EQ(text, std::string(40, ' ') + "\n");
}

TEST(PictureText, Colours) {
  EXPECT_EQ(picture_text(column_of({1, 2, 3, 4, 5, 6}, 3), PictureStyle::colours, 80),
            "\x1b[38;2;1;2;3;48;2;4;5;6m\u2580\x1b[0m\n");
  EXPECT_EQ(picture_text(column_of({7}), PictureStyle::colours, 80), "\x1b[38;2;7;7;7;48;2;0;0;0m\u2580\x1b[0m\n");
}

TEST(ArraySamples, TableOfNumbersAndClasses) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 50, .validation = 6, .shard_rows = 2});
  manifest.fields[0].facts.columns = {{"width", {}}, {"height\x1b[2J", {}}};
  write_dataset_manifest(folder.path(), manifest);
  const std::string text = describe_samples(folder.path(), {.split = Split::validation, .count = 4});
  EXPECT_NE(text.find("class        train   validation"), std::string::npos) << text;
  EXPECT_NE(text.find("none            17            2            0"), std::string::npos) << text;
  EXPECT_NE(text.find("The first of validation:\n"
                      "row     y  width  height\\x1b[2J\n"
                      "  0  none      0            0.5\n"
                      "  1   one      1            1.5\n"
                      "  2   two      2            2.5\n"
                      "  3  none      3            3.5\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(describe_samples(folder.path(), {.count = 0}).find("The first"), std::string::npos);
  EXPECT_DATA_ERROR(describe_samples(folder.path(), {.split = Split::test}), "has no test split");
}

TEST(ArraySamples, WideTablesAndPictures) {
  const TemporaryFolder folder;
  DatasetManifest manifest;
  manifest.kind = "arrays";
  manifest.fields = {{"x", StoredType::u8, {2, 3, 1}, {}, 0},
                     {"v", StoredType::f32, {60}, {}, 0},
                     {"y", StoredType::i32, {}, {.classes = {"cat", "dog"}}, 2}};
  ArrayShardWriter writer(folder.path(), Split::train, manifest.fields, 100, manifest.block_bytes);
  const std::array<uint8_t, 6> x{0, 255, 0, 0, 255, 0};
  const std::array<float, 60> v{};
  const std::array y{1};
  writer.append(std::array<std::span<const std::byte>, 3>{std::as_bytes(std::span(x)), std::as_bytes(std::span(v)),
                                                          std::as_bytes(std::span(y))});
  manifest.split(Split::train) = writer.finish();
  write_dataset_manifest(folder.path(), manifest);
  const std::string text = describe_samples(folder.path(), {.count = 5, .columns = 40});
  EXPECT_NE(text.find("row    y  v[0]  v[1]  v[2]  v[3]"), std::string::npos) << text;
  EXPECT_NE(text.find(" columns more\n"), std::string::npos) << text;
  EXPECT_NE(text.find("x of row 0, y: dog\n @ \n"), std::string::npos) << text;
}

}  // namespace
}  // namespace convoy
