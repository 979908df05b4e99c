#include "datasets/import_images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "datasets/images/image_form.h"
#include "datasets/images/image_input.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/images/test_images.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

// Of one colour, which tells which image it was.
Image plain(int value, int64_t side = 6, int64_t channels = 3) {
  Image image(side, side, channels);
  std::fill(image.bytes.begin(), image.bytes.end(), static_cast<uint8_t>(value));
  return image;
}

class ImportImages : public testing::Test {
 protected:
  ImportImages() {
    options_.inputs = {folder_ / "source"};
    options_.out = folder_ / "data";
    options_.threads = 3;
  }
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / "source" / name).parent_path());
    write_text(folder_ / "source" / name, content);
  }
  // Values 0 to 39 of class dark, 100 to 139 of light.
  void write_two_classes(const std::string& below = "") const {
    for (int i = 0; i < 40; ++i) {
      write(below + "dark/" + std::to_string(i) + ".png", png_of(plain(i)));
      write(below + "light/" + std::to_string(i) + ".png", png_of(plain(100 + i)));
    }
  }
  ImportResult import() const { return import_images(options_, nullptr); }

  struct Sample {
    std::vector<uint8_t> x;
    int32_t y = 0;
  };
  std::vector<Sample> samples_of(Split split) const {
    const auto dataset = open_dataset(options_.out, {.seed = 1});
    const Shape shape = dataset->fields()[0].shape;
    std::vector<Sample> samples;
    for (int64_t i = 0; i < dataset->samples(split); ++i) {
      Sample sample{std::vector<uint8_t>(static_cast<size_t>(shape.elements())), 0};
      const Tensor out[] = {{sample.x.data(), DType::u8, {1, shape[0], shape[1], shape[2]}},
                            {&sample.y, DType::i32, {1}}};
      dataset->read(split, i, 1, out);
      samples.push_back(std::move(sample));
    }
    return samples;
  }
  std::set<int> values_of(Split split) const {
    std::set<int> values;
    for (const Sample& sample : samples_of(split)) {
      values.insert(sample.x[0]);
      EXPECT_EQ(sample.y, sample.x[0] >= 100 ? 1 : 0);
    }
    return values;
  }
  static bool has_note(const ImportResult& result, const std::string& part) {
    return std::any_of(result.notes.begin(), result.notes.end(),
                       [&](const std::string& note) { return note.find(part) != std::string::npos; });
  }

  TemporaryFolder folder_;
  ImportImagesOptions options_;
};

TEST_F(ImportImages, EveryImageOnceInOneSplit) {
  write_two_classes();
  options_.fractions = {0.1, 0.2};
  const ImportResult result = import();
  const auto dataset = open_dataset(options_.out, {});
  EXPECT_EQ(dataset->fields()[0].shape, (Shape{6, 6, 3}));
  EXPECT_EQ(dataset->fields()[0].dtype, DType::u8);
  EXPECT_EQ(dataset->fields()[1].dtype, DType::i32);
  EXPECT_EQ(dataset->facts().fields[1].classes, (std::vector<std::string>{"dark", "light"}));
  EXPECT_EQ(dataset->samples(Split::train), 56);
  std::set<int> all;
  size_t count = 0;
  for (const Split split : kSplits) {
    const std::set<int> values = values_of(split);
    count += values.size();
    all.insert(values.begin(), values.end());
    const auto dark = static_cast<size_t>(std::distance(values.begin(), values.lower_bound(100)));
    EXPECT_EQ(2 * dark, values.size()) << "each class has its share";
  }
  EXPECT_EQ(count, 80u);
  EXPECT_EQ(all.size(), 80u);
  EXPECT_NE(result.summary.front().find("dark"), std::string::npos);
  EXPECT_EQ(dataset->files().count("preprocessing.json"), 1u);
  EXPECT_EQ(image_field_from(dataset->files().at("preprocessing.json")).form, (ImageForm{6, 6, 3, "squeeze"}));
}

// Evaluations look at the first samples: they are of both classes.
TEST_F(ImportImages, ClassesAreMixed) {
  write_two_classes();
  options_.fractions = {0.5, 0};
  import();
  const std::vector<Sample> samples = samples_of(Split::validation);
  int32_t of_first_half = 0;
  for (size_t i = 0; i < 20; ++i) of_first_half += samples[i].y;
  EXPECT_GT(of_first_half, 3);
  EXPECT_LT(of_first_half, 17);
}

TEST_F(ImportImages, StatisticsOfChannels) {
  for (int i = 0; i < 20; ++i)
    for (const char* name : {"a", "b"}) {
      Image image(3, 2, 3);
      for (size_t k = 0; k < image.bytes.size(); ++k)
        image.bytes[k] = static_cast<uint8_t>((k * 31 + i * 7 + *name) % 251);
      write(std::string(name) + "/" + std::to_string(i) + ".png", png_of(image));
    }
  import();
  const std::vector<Sample> samples = samples_of(Split::train);
  const auto channels = open_dataset(options_.out, {})->facts().fields[0].channels;
  ASSERT_EQ(channels.size(), 3u);
  EXPECT_EQ(channels[1].name, "green");
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0, squares = 0, n = 0;
    for (const Sample& sample : samples)
      for (size_t k = c; k < sample.x.size(); k += 3) sum += sample.x[k], ++n;
    for (const Sample& sample : samples)
      for (size_t k = c; k < sample.x.size(); k += 3) squares += std::pow(sample.x[k] - sum / n, 2);
    EXPECT_NEAR(channels[c].statistics->mean, sum / n, 1e-9);
    EXPECT_NEAR(channels[c].statistics->deviation, std::sqrt(squares / n), 1e-9);
  }
}

// Whatever the number of threads: the same files in the same order.
TEST_F(ImportImages, ThreadsChangeNothing) {
  write_two_classes();
  const auto first = import().manifest;
  options_.threads = 1;
  options_.out = folder_ / "other";
  EXPECT_EQ(import().manifest.splits, first.splits);
  options_.seed = 2;
  options_.out = folder_ / "third";
  EXPECT_NE(import().manifest.splits, first.splits);
}

TEST_F(ImportImages, GivenSplits) {
  write_two_classes("train/");
  write("val/dark/a.png", png_of(plain(50)));
  write("val/light/b.png", png_of(plain(150)));
  write("test/light/c.png", png_of(plain(160)));
  import();
  EXPECT_EQ(values_of(Split::train).size(), 80u);
  EXPECT_EQ(values_of(Split::validation), (std::set<int>{50, 150}));
  EXPECT_EQ(values_of(Split::test), (std::set<int>{160}));
}

TEST_F(ImportImages, SplitsThatAreNotGivenAreTakenFromTraining) {
  write_two_classes("train/");
  write("test/light/c.png", png_of(plain(160)));
  import();
  EXPECT_EQ(values_of(Split::train).size(), 72u);
  EXPECT_EQ(values_of(Split::validation).size(), 8u);
}

TEST_F(ImportImages, SizesAndChannels) {
  write("a/1.png", png_of(smooth_image(10, 20, 3)));
  write("a/2.jpg", jpeg_of(smooth_image(31, 17, 1)));
  write("b/3.png", png_of(smooth_image(8, 8, 1)));
  write("b/below/4.png", png_of(plain(9, 40, 1)));
  options_.fractions = {0, 0};
  EXPECT_DATA_ERROR(import(), " pixels, ", "say the size that all shall have: --size ");
  options_.size = "8x4";
  options_.channels = 1;
  import();
  EXPECT_EQ(open_dataset(options_.out, {})->fields()[0].shape, (Shape{8, 4, 1}));
  EXPECT_EQ(samples_of(Split::train).size(), 4u);
}

TEST_F(ImportImages, DamagedFiles) {
  write_two_classes();
  const std::string good = png_of(smooth_image(6, 6, 3));
  write("dark/cut.png", good.substr(0, 60));
  write("light/empty.jpg", "");
  write("light/text.jpeg", "not at all");
  write("light/film.gif", "GIF89a");
  EXPECT_DATA_ERROR(import(), "mend or remove it, or leave such files out with --damaged skip");
  EXPECT_FALSE(fs::exists(options_.out));
  EXPECT_FALSE(fs::exists(folder_ / "data.importing"));
  options_.damaged = "skip";
  const ImportResult result = import();
  for (const char* part : {"4 files are left out", "dark/cut.png is damaged: ", "light/empty.jpg is empty",
                           "light/text.jpeg is no PNG or JPEG image, though", "light/film.gif is a GIF image"})
    EXPECT_TRUE(has_note(result, part)) << part;
  EXPECT_EQ(result.manifest.split(Split::train).rows() + result.manifest.split(Split::validation).rows(), 80);
  // Shards were laid out for more, and hold what those of good files alone hold.
  for (const char* name : {"dark/cut.png", "light/empty.jpg", "light/text.jpeg", "light/film.gif"})
    fs::remove(folder_ / "source" / name);
  EXPECT_EQ(samples_of(Split::train).size() + samples_of(Split::validation).size(), 80u);
}

TEST_F(ImportImages, WhatIsPassedOver) {
  write_two_classes();
  write("dark/.DS_Store", "x");
  write("dark/notes.txt", "x");
  write("dark/Thumbs.db", "x");
  write("README.md", "x");
  write("dark/wrong.jpg", png_of(plain(60)));
  fs::create_symlink("0.png", folder_ / "source" / "dark" / "link.png");
  options_.fractions = {0, 0};
  const ImportResult result = import();
  for (const char* part : {"1 hidden files or folders passed over: ", "1 links passed over: ", "link.png",
                           "2 files are no images: ", "1 files beside the classes' folders passed over: ",
                           "1 files are another kind of image than their names say", "wrong.jpg"})
    EXPECT_TRUE(has_note(result, part)) << part;
  EXPECT_EQ(values_of(Split::train).size(), 81u);
}

TEST_F(ImportImages, NamesThatAreNotUtf8) {
  write("caf\xe9/1.png", png_of(plain(1)));
  write("b/2\xff.png", png_of(plain(101)));
  options_.fractions = {0, 0};
  import();
  EXPECT_EQ(open_dataset(options_.out, {})->facts().fields[1].classes, (std::vector<std::string>{"b", "caf\\xe9"}));
}

TEST_F(ImportImages, BadFolders) {
  EXPECT_DATA_ERROR(import(), "no such folder");
  write("a.png", png_of(plain(1)));
  EXPECT_DATA_ERROR(import(), "no folder in it; wanted one for each class");
  write("a/1.png", png_of(plain(1)));
  EXPECT_DATA_ERROR(import(), "one class only, a");
  fs::create_directories(folder_ / "source" / "b");
  EXPECT_DATA_ERROR(import(), "source/b: no file in it");
  write("train/a/1.png", png_of(plain(1)));
  EXPECT_DATA_ERROR(import(), "train holds folders as a split does, a is a class");
  fs::remove_all(folder_ / "source");
  write("test/a/1.png", png_of(plain(1)));
  EXPECT_DATA_ERROR(import(), "test but no train");
  write("train/a/1.png", png_of(plain(1)));
  write("train/b/1.png", png_of(plain(101)));
  write("test/c/1.png", png_of(plain(1)));
  EXPECT_DATA_ERROR(import(), "test/c: a class that is not trained on; there are a, b");
  options_.inputs = {folder_ / "source/train/a/1.png"};
  EXPECT_DATA_ERROR(import(), "is a file; wanted a folder");
}

TEST_F(ImportImages, BadOptions) {
  write_two_classes();
  for (const char* size : {"x", "0", "4x", "4x0", "4x4x4", "-3", "20000", "4 x 4"}) {
    options_.size = size;
    EXPECT_THROW(import(), ConfigError) << size;
  }
  options_.size = "";
  options_.fit = "stretch";
  EXPECT_THROW(import(), ConfigError);
  options_.fit = "crop";
  options_.channels = 2;
  EXPECT_THROW(import(), ConfigError);
  options_.channels = 3;
  options_.damaged = "maybe";
  EXPECT_THROW(import(), ConfigError);
}

TEST_F(ImportImages, AnEqualImportIsRecognised) {
  write_two_classes();
  import();
  EXPECT_TRUE(import().was_there);
  write("dark/0.png", png_of(plain(41)));
  EXPECT_DATA_ERROR(import(), "other data or options", "--force");
  options_.force = true;
  EXPECT_FALSE(import().was_there);
  options_.force = false;
  options_.channels = 1;
  EXPECT_DATA_ERROR(import(), "other data or options");
}

TEST_F(ImportImages, OneFileAsPredictionsReadIt) {
  const Image image = smooth_image(12, 9, 3);
  write("a/1.png", png_of(image));
  write("b/1.png", png_of(plain(1)));
  options_.size = "5x7";
  options_.fit = "crop";
  options_.fractions = {0, 0};
  import();
  const auto field = image_field_from(open_dataset(options_.out, {})->files().at("preprocessing.json"));
  const auto input = open_image_input(folder_ / "source" / "a" / "1.png", field, {});
  std::vector<uint8_t> read(static_cast<size_t>(input->fields()[0].shape.elements()));
  std::vector<InputRow> rows;
  const Tensor out[] = {{read.data(), DType::u8, input->fields()[0].shape}};
  ASSERT_EQ(input->read(1, out, rows), 1);
  const auto samples = samples_of(Split::train);
  EXPECT_TRUE(std::any_of(samples.begin(), samples.end(), [&](const Sample& s) { return s.x == read && s.y == 0; }));
}

}  // namespace
}  // namespace convoy
