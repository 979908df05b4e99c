// Which sample of which source a mixture has, and what cannot be mixed.
#include "core/data/mixed_data.h"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

TEST(MixPattern, KeepsEveryPrefixAtItsShare) {
  const std::vector<std::vector<double>> cases = {{3, 1}, {1, 1, 1}, {0.7, 0.2, 0.1}, {1, 2.5, std::sqrt(2.0)}, {5}};
  for (const std::vector<double>& weights : cases) {
    const MixPattern pattern(weights);
    double sum = 0;
    for (const double weight : weights) sum += weight;
    std::vector<int64_t> taken(weights.size(), 0);
    for (int64_t i = 0; i < 20000; ++i) {
      const auto pick = pattern[i];
      ASSERT_EQ(pick.sample, taken[pick.source]++) << i;  // each source in its own order, none left out
      for (size_t source = 0; source < weights.size(); ++source)
        ASSERT_NEAR(static_cast<double>(taken[source]), weights[source] / sum * static_cast<double>(i + 1), 3.5)
            << i << " of source " << source;
    }
  }
  EXPECT_EQ(MixPattern(std::vector{3.0, 1.0}).period(), 4);
  EXPECT_EQ(MixPattern(std::vector{0.7, 0.2, 0.1}).period(), 10);
  try {
    const MixPattern none(std::vector{1.0, 1e-6});
    FAIL() << none.period();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("data.mix.1.weight = 1e-06"), std::string::npos) << error.what();
  }
}

class MixedDatasets : public testing::Test {
 protected:
  MixedDatasets() {
    write_toy_dataset(a_.path(), {.train_tokens = 81, .validation_tokens = 17});
    write_toy_dataset(b_.path(), {.train_tokens = 401, .validation_tokens = 41});
  }
  MixedData mixed(double weight = 3) {
    std::vector<MixedPart> parts;
    parts.push_back({open_dataset(a_.path(), {.context = 8, .seed = 1}), 1});
    parts.push_back({open_dataset(b_.path(), {.context = 8, .seed = 1}), weight});
    return MixedData(std::move(parts));
  }
  TemporaryFolder a_, b_;
};

TEST_F(MixedDatasets, SamplesAreTheSources) {
  MixedData data = mixed();
  const auto a = open_dataset(a_.path(), {.context = 8, .seed = 1}),
             b = open_dataset(b_.path(), {.context = 8, .seed = 1});
  EXPECT_EQ(data.samples(Split::train), a->samples(Split::train) + b->samples(Split::train));
  int64_t of_a = 0, of_b = 0;
  for (int64_t i = 0; i < 100; ++i) {
    const MixPattern::Pick pick = MixPattern(std::vector{1.0, 3.0})[i];
    EXPECT_EQ(read_samples(data, Split::train, i, 1),
              read_samples(pick.source == 0 ? *a : *b, Split::train, pick.sample, 1))
        << i;
    (pick.source == 0 ? of_a : of_b) += 1;
  }
  EXPECT_EQ(of_a, 25);
  EXPECT_EQ(of_b, 75);
  // Batches are what their samples are, wherever they begin.
  const Samples all = read_samples(data, Split::train, 7, 5), one = read_samples(data, Split::train, 9, 1);
  EXPECT_TRUE(std::equal(one.tokens.begin(), one.tokens.end(), all.tokens.begin() + 2 * 8));
  EXPECT_EQ(data.samples(Split::validation), 2 + 5);
  EXPECT_EQ(read_samples(data, Split::validation, 3, 1), read_samples(*b, Split::validation, 1, 1));
}

TEST_F(MixedDatasets, IsAnotherWithOtherWeights) {
  EXPECT_EQ(mixed().identity(), mixed().identity());
  EXPECT_NE(mixed().identity(), mixed(2).identity());
}

TEST_F(MixedDatasets, RefusesWhatDoesNotGoTogether) {
  write_text(b_ / "tokenizer.json", read_text(b_ / "tokenizer.json") + "\n");
  EXPECT_DATA_ERROR(mixed(), "cannot be mixed: they have other tokenizers");
  write_toy_dataset(b_.path(), {.vocabulary = 300, .train_tokens = 401});
  EXPECT_DATA_ERROR(mixed(), "vocabularies of 256 and 300");
  DatasetManifest manifest = write_toy_dataset(b_.path(), {.train_tokens = 401});
  manifest.end_of_text = 9;
  write_dataset_manifest(b_.path(), manifest);
  std::vector<MixedPart> parts;
  parts.push_back({open_dataset(a_.path(), {.context = 8}), 1});
  parts.push_back({open_dataset(b_.path(), {.context = 8, .separate_documents = true}), 1});
  EXPECT_DATA_ERROR(MixedData(std::move(parts)),
                    "tokens (8) i32, targets (8) i32 and tokens (8) i32, targets (8) i32, starts (8) i32");
}

}  // namespace
}  // namespace convoy
