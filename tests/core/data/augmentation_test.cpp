// Augmentations: each on a picture or a row whose answer is known, and all of them the same for whoever asks.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/data/augment/augmented_data.h"
#include "core/data/augment/kinds.h"
#include "core/data/augment/place_kinds.h"
#include "core/data/augment/value_kinds.h"

namespace convoy::test {
namespace {

// Samples of x (4, 6, C) u8 whose bytes tell sample and place, z (2) f32 = (i, -i), y i32 = i.
class Pictures final : public Dataset {
 public:
  explicit Pictures(int64_t C = 1, int64_t samples = 50)
      : samples_(samples), fields_{{"x", DType::u8, {4, 6, C}}, {"z", DType::f32, {2}}, {"y", DType::i32, {}}} {
    facts_.fields.resize(3);
    facts_.fields[1].columns = {{"a", ColumnStatistics{.mean = 0, .deviation = 2}}, {"b", {}}};
  }
  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split) const override { return samples_; }
  void read(Split, int64_t first, int64_t count, std::span<const Tensor> out) override {
    const int64_t bytes = fields_[0].shape.elements();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t sample = (first + i) % samples_;
      for (int64_t e = 0; e < bytes; ++e)
        out[0].as<uint8_t>()[i * bytes + e] = static_cast<uint8_t>(sample * 3 + e + 1);
      out[1].as<float>()[2 * i] = static_cast<float>(sample);
      out[1].as<float>()[2 * i + 1] = -static_cast<float>(sample);
      out[2].as<int32_t>()[i] = static_cast<int32_t>(sample);
    }
  }
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return folder_; }
  std::string too_few(Split, int64_t, bool) const override { return {}; }

 private:
  int64_t samples_;
  std::vector<BatchField> fields_;
  DatasetFacts facts_;
  std::filesystem::path folder_ = "pictures";
};

struct Batch {
  std::vector<uint8_t> x;
  std::vector<float> z;
  std::vector<int32_t> y;
};

Batch read(Dataset& data, Split split, int64_t first, int64_t count) {
  const int64_t bytes = data.fields()[0].shape.elements();
  Batch b{std::vector<uint8_t>(static_cast<size_t>(count * bytes)), std::vector<float>(static_cast<size_t>(2 * count)),
          std::vector<int32_t>(static_cast<size_t>(count))};
  const int64_t C = data.fields()[0].shape[2];
  const Tensor out[] = {{b.x.data(), DType::u8, {count, 4, 6, C}},
                        {b.z.data(), DType::f32, {count, 2}},
                        {b.y.data(), DType::i32, {count}}};
  data.read(split, first, count, out);
  return b;
}

template <class Kind>
AugmentedData augmented(const std::string& name, Kind kind, int64_t C = 1) {
  AugmentationChoice choice(augmentation_kinds(), name);
  *choice.as<Kind>() = kind;
  return {std::make_unique<Pictures>(C), {choice}, 7};
}

std::vector<uint8_t> picture(const Batch& b, int64_t i, int64_t bytes = 24) {
  return {b.x.begin() + i * bytes, b.x.begin() + (i + 1) * bytes};
}

TEST(Augmentation, FlipMirrorsWhatItMirrors) {
  Flip both;
  both.horizontal = both.vertical = 1;
  AugmentedData data = augmented("flip", both);
  Pictures plain;
  const Batch before = read(plain, Split::train, 3, 2), after = read(data, Split::train, 3, 2);
  for (int64_t i = 0; i < 2; ++i) {
    std::vector<uint8_t> reversed = picture(before, i);
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(picture(after, i), reversed);
  }
  EXPECT_EQ(after.y, before.y);

  Flip half;
  AugmentedData sometimes = augmented("flip", half, 3);
  Pictures colours(3);
  const Batch of = read(colours, Split::train, 0, 50), some = read(sometimes, Split::train, 0, 50);
  int flipped = 0;
  for (int64_t i = 0; i < 50; ++i) flipped += picture(of, i, 72) != picture(some, i, 72) ? 1 : 0;
  EXPECT_GT(flipped, 12);
  EXPECT_LT(flipped, 38);
}

TEST(Augmentation, CropMovesByWholePixelsAndFillsWithBlack) {
  Crop crop;
  crop.padding = 2;
  AugmentedData data = augmented("crop", crop);
  Pictures plain;
  std::set<std::pair<int, int>> moves;
  const Batch before = read(plain, Split::train, 0, 50), after = read(data, Split::train, 0, 50);
  for (int64_t i = 0; i < 50; ++i) {
    int matches = 0;
    for (int down = -2; down <= 2; ++down)
      for (int right = -2; right <= 2; ++right) {
        std::vector<uint8_t> moved(24, 0);
        for (int y = 0; y < 4; ++y)
          for (int x = 0; x < 6; ++x)
            if (y + down >= 0 && y + down < 4 && x + right >= 0 && x + right < 6)
              moved[static_cast<size_t>(y * 6 + x)] =
                  picture(before, i)[static_cast<size_t>((y + down) * 6 + x + right)];
        if (moved == picture(after, i)) {
          ++matches;
          moves.insert({down, right});
        }
      }
    EXPECT_EQ(matches, 1) << "sample " << i;
  }
  EXPECT_GT(moves.size(), 12u);
}

TEST(Augmentation, CropLargerThanThePictureIsBlackOrSomeOfIt) {
  Crop crop;
  crop.padding = 40;
  AugmentedData data = augmented("crop", crop);
  const Batch after = read(data, Split::train, 0, 50);
  EXPECT_GT(std::count(after.x.begin(), after.x.end(), 0), 50 * 24 / 2);
}

TEST(Augmentation, RotateByNothingKeepsThePictureAndByMuchKeepsItsMiddle) {
  Rotate none;
  none.degrees = 0;
  AugmentedData still = augmented("rotate", none);
  Pictures plain;
  EXPECT_EQ(read(still, Split::train, 0, 5).x, read(plain, Split::train, 0, 5).x);
  Rotate much;
  much.degrees = 180;
  AugmentedData turned = augmented("rotate", much);
  const Batch before = read(plain, Split::train, 0, 20), after = read(turned, Split::train, 0, 20);
  EXPECT_NE(before.x, after.x);
  // The four pixels around the middle are inside whatever the angle is: their mean moves little.
  for (int64_t i = 0; i < 20; ++i) {
    const auto middle = [&](const Batch& b) {
      const std::vector<uint8_t> p = picture(b, i);
      return (p[8] + p[9] + p[14] + p[15]) / 4.0;
    };
    EXPECT_NEAR(middle(after), middle(before), 2.0) << "sample " << i;
  }
}

TEST(Augmentation, CutoutBlackensOneSquare) {
  Cutout cutout;
  cutout.size = 3;
  AugmentedData data = augmented("cutout", cutout);
  Pictures plain;
  const Batch before = read(plain, Split::train, 0, 50), after = read(data, Split::train, 0, 50);
  for (int64_t i = 0; i < 50; ++i) {
    int top = 9, left = 9, bottom = -1, right = -1, black = 0;
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 6; ++x) {
        const auto place = static_cast<size_t>(y * 6 + x);
        if (picture(after, i)[place] == picture(before, i)[place]) continue;
        EXPECT_EQ(picture(after, i)[place], 0);
        top = std::min(top, y), bottom = std::max(bottom, y), left = std::min(left, x), right = std::max(right, x),
        ++black;
      }
    EXPECT_GT(black, 0);
    EXPECT_EQ(black, (bottom - top + 1) * (right - left + 1)) << "no rectangle";
    EXPECT_LE(std::max(bottom - top, right - left), 2);
  }
}

TEST(Augmentation, ColorJitterOfNothingKeepsThePicture) {
  ColorJitter none;
  none.brightness = none.contrast = none.saturation = 0;
  AugmentedData data = augmented("color_jitter", none, 3);
  Pictures plain(3);
  EXPECT_EQ(read(data, Split::train, 0, 5).x, read(plain, Split::train, 0, 5).x);
  ColorJitter bright;
  bright.contrast = bright.saturation = 0;
  bright.brightness = 0.5;
  AugmentedData brighter = augmented("color_jitter", bright, 3);
  const Batch before = read(plain, Split::train, 0, 20), after = read(brighter, Split::train, 0, 20);
  for (int64_t i = 0; i < 20; ++i) {  // one factor for all of a picture's bytes
    const auto a = picture(after, i, 72), b = picture(before, i, 72);
    const double factor = a[71] / static_cast<double>(b[71]);
    EXPECT_GE(factor, 0.49);
    EXPECT_LE(factor, 1.51);
    for (size_t e = 0; e < 72; ++e) EXPECT_NEAR(a[e], b[e] * factor, 1.6);
  }
}

TEST(Augmentation, NoiseIsInDeviationsOfEachColumn) {
  Noise noise;
  noise.deviation = 0.5;
  noise.field = "z";
  AugmentedData data = augmented("noise", noise);
  Pictures plain;
  double squares[2] = {0, 0};
  for (int64_t first = 0; first < 2000; first += 50) {
    const Batch before = read(plain, Split::train, first, 50), after = read(data, Split::train, first, 50);
    for (size_t i = 0; i < 100; ++i) squares[i % 2] += std::pow(after.z[i] - before.z[i], 2);
  }
  EXPECT_NEAR(std::sqrt(squares[0] / 2000), 1.0, 0.05);  // 0.5 deviations of 2
  EXPECT_NEAR(std::sqrt(squares[1] / 2000), 0.5, 0.03);  // of a column whose deviation nobody knows
}

TEST(Augmentation, MixupMixesAllFieldsByOneShareAndClassesByChance) {
  Mixup mixup;
  mixup.alpha = 1;
  AugmentedData data = augmented("mixup", mixup);
  int others = 0;
  double shares = 0;
  for (int64_t first = 0; first < 1000; first += 50) {
    const Batch after = read(data, Split::train, first, 50);
    for (int64_t i = 0; i < 50; ++i) {
      const double z = after.z[static_cast<size_t>(2 * i)];
      EXPECT_EQ(after.z[static_cast<size_t>(2 * i + 1)], static_cast<float>(-z));
      EXPECT_NEAR(picture(after, i)[0], 3 * z + 1, 0.51);  // bytes are 3 i + 1 in the first place
      const int32_t y = after.y[static_cast<size_t>(i)];
      if (y != i) ++others;
      if (y != i)
        shares += std::abs(z - static_cast<double>(i)) / std::abs(static_cast<double>(y) - static_cast<double>(i));
    }
  }
  EXPECT_NEAR(others, 500 * 0.98, 60);          // the mean of 1 - l is a half, and one of 50 others is itself
  EXPECT_NEAR(shares / others, 2.0 / 3, 0.04);  // classes change more often where more is mixed: E[u^2] / E[u]
}

TEST(Augmentation, IsTheSameForWhoeverAsksAndAnotherInEveryEpoch) {
  std::vector<AugmentationChoice> all;
  for (const AugmentationKind& kind : augmentation_kinds()) {
    all.emplace_back(augmentation_kinds(), kind.name);
    if (kind.name == "noise") all.back().as<Noise>()->field = "z";
  }
  AugmentedData data(std::make_unique<Pictures>(3), all, 7), again(std::make_unique<Pictures>(3), all, 7),
      other_seed(std::make_unique<Pictures>(3), all, 8);
  const Batch whole = read(data, Split::train, 20, 10);
  for (int64_t i = 9; i >= 0; --i) {
    const Batch one = read(again, Split::train, 20 + i, 1);
    EXPECT_EQ(one.x, picture(whole, i, 72));
    EXPECT_EQ(one.z[0], whole.z[static_cast<size_t>(2 * i)]);
    EXPECT_EQ(one.y[0], whole.y[static_cast<size_t>(i)]);
  }
  EXPECT_NE(read(data, Split::train, 70, 10).x, whole.x);
  EXPECT_NE(read(other_seed, Split::train, 20, 10).x, whole.x);
  Pictures plain(3);
  EXPECT_EQ(read(data, Split::validation, 20, 10).x, read(plain, Split::validation, 20, 10).x);
}

TEST(Augmentation, SaysWhichFieldItCannotChange) {
  Flip flip;
  flip.field = "z";
  try {
    augmented("flip", flip);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "data.augment.0.flip is of pictures, (height, width, channels), but the field z of pictures is f32 (2); "
        "remove it, or name another field");
  }
  flip.field = "picture";
  EXPECT_THROW(augmented("flip", flip), ConfigError);
}

}  // namespace
}  // namespace convoy::test
