#include "datasets/token_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

constexpr int64_t kContext = 16;

// Every sample must be a stretch of the toy sequence, with targets one further.
void expect_stretches(const Samples& samples, int64_t vocabulary) {
  for (size_t begin = 0; begin < samples.tokens.size(); begin += kContext)
    for (size_t i = begin; i < begin + kContext; ++i) {
      ASSERT_EQ(samples.targets[i], (samples.tokens[i] + 7) % vocabulary);
      if (i + 1 < begin + kContext) {
        ASSERT_EQ(samples.targets[i], samples.tokens[i + 1]);
      }
    }
}

class TokenDatasetOf : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(Vocabulary, TokenDatasetOf, testing::Values(256, 65536, 65537, 200001));

TEST_P(TokenDatasetOf, ReadsWhatWasWritten) {
  const TemporaryFolder folder;
  const int64_t V = GetParam();
  const DatasetManifest manifest = write_toy_dataset(
      folder.path(), {.vocabulary = V, .train_tokens = 5000, .validation_tokens = 700, .shard_tokens = 1111});
  EXPECT_EQ(manifest.split(Split::train).shards.size(), 5u);
  EXPECT_EQ(manifest.split(Split::train).shards.back().rows, 5000 - 4 * 1111);
  EXPECT_EQ(manifest.row_bytes(), V <= 65536 ? 2 : 4);
  const auto dataset = open_token_dataset(folder.path(), kContext, 1);
  EXPECT_EQ(dataset->facts().vocabulary, V);
  ASSERT_EQ(dataset->fields().size(), 2u);
  EXPECT_EQ(dataset->fields()[0].name, "tokens");
  EXPECT_EQ(dataset->fields()[1].name, "targets");
  EXPECT_EQ(dataset->fields()[1].shape, (Shape{kContext}));
  EXPECT_EQ(dataset->samples(Split::train), 4 * (1111 / kContext - 1) + (556 / kContext - 1));
  EXPECT_EQ(dataset->samples(Split::validation), 699 / kContext);
  for (const Split split : {Split::train, Split::validation})
    expect_stretches(read_samples(*dataset, split, 0, 3 * dataset->samples(split)), V);
}

TEST(TokenDataset, ValidationBeginsAtTheBeginning) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 100, .validation_tokens = 100});
  const auto dataset = open_token_dataset(folder.path(), kContext, 1);
  const Samples first = read_samples(*dataset, Split::validation, 0, 1);
  for (int64_t i = 0; i < kContext; ++i) {
    EXPECT_EQ(first.tokens[static_cast<size_t>(i)], toy_token(i, 256));
    EXPECT_EQ(first.targets[static_cast<size_t>(i)], toy_token(i + 1, 256));
  }
}

// Which rank asks for which samples, and in which order, does not matter; nor does a new start.
TEST(TokenDataset, SamplesDoNotDependOnHowBatchesAreCut) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 3000, .shard_tokens = 700});
  const auto dataset = open_token_dataset(folder.path(), kContext, 42);
  const int64_t count = 2 * dataset->samples(Split::train) + 5;
  const Samples all = read_samples(*dataset, Split::train, 0, count);
  for (const int64_t batch : {1, 3, 8, 64}) {
    const auto again = open_token_dataset(folder.path(), kContext, 42);
    for (int64_t first = (count / batch - 1) * batch; first >= 0; first -= batch) {
      const Samples part = read_samples(*again, Split::train, first, batch);
      ASSERT_TRUE(std::equal(part.tokens.begin(), part.tokens.end(), all.tokens.begin() + first * kContext));
      ASSERT_TRUE(std::equal(part.targets.begin(), part.targets.end(), all.targets.begin() + first * kContext));
    }
  }
  EXPECT_NE(read_samples(*open_token_dataset(folder.path(), kContext, 43), Split::train, 0, count), all);
}

TEST(TokenDataset, ShortestShard) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = kContext + 1, .validation_tokens = kContext});
  const auto dataset = open_token_dataset(folder.path(), kContext, 1);
  EXPECT_EQ(dataset->samples(Split::train), 1);
  EXPECT_EQ(dataset->samples(Split::validation), 0);
  expect_stretches(read_samples(*dataset, Split::train, 0, 5), 256);
  EXPECT_DATA_ERROR(read_samples(*dataset, Split::validation, 0, 1), "validation", "17", "model.context");
}

TEST(TokenDataset, ContextBeyondTheText) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = kContext});
  EXPECT_DATA_ERROR(open_token_dataset(folder.path(), kContext, 1), "16 tokens", "context + 1 = 17",
                    "lower model.context to 15");
}

TEST(TokenDataset, NoValidationSplit) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 100});
  EXPECT_EQ(open_token_dataset(folder.path(), kContext, 1)->samples(Split::validation), 0);
}

TEST(TokenDataset, KeepsItsTokenizer) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 100});
  const auto tokenizer = open_token_dataset(folder.path(), kContext, 1)->tokenizer();
  EXPECT_EQ(tokenizer->vocabulary(), 256);
  EXPECT_EQ(tokenizer->encode("AB"), (std::vector<int32_t>{65, 66}));
}

// Equal for equal samples, wherever they lie and whatever was imported from; other for whatever changes one of them.
TEST(TokenDataset, IdentityIsThatOfItsSamples) {
  const ToyDataset toy{.train_tokens = 300, .validation_tokens = 100, .shard_tokens = 200};
  const auto identity_of = [](const ToyDataset& made, auto&& change) {
    const TemporaryFolder folder;
    DatasetManifest manifest = write_toy_dataset(folder.path(), made);
    change(manifest);
    write_dataset_manifest(folder.path(), manifest);
    return open_token_dataset(folder.path(), 8, 1)->identity();
  };
  const auto as_it_is = [](DatasetManifest&) {};
  const std::string identity = identity_of(toy, as_it_is);
  EXPECT_EQ(identity.size(), 32u);
  EXPECT_EQ(identity_of(toy, [](DatasetManifest& m) { m.import.sources = {{"elsewhere/book.txt", 5, 7}}; }), identity);
  std::set<std::string> others{identity};
  ToyDataset less = toy, fewer_validation = toy, cut_elsewhere = toy, larger = toy;
  less.train_tokens -= 1;
  fewer_validation.validation_tokens -= 1;
  cut_elsewhere.shard_tokens = 150;
  larger.vocabulary = 255;
  for (const ToyDataset& other : {less, fewer_validation, cut_elsewhere, larger})
    EXPECT_TRUE(others.insert(identity_of(other, as_it_is)).second);
  const auto other_token = [](DatasetManifest& m) { m.split(Split::train).shards[1].checksums[0][0] ^= 1; };
  EXPECT_TRUE(others.insert(identity_of(toy, other_token)).second);
}

// Fresh blocks are checked by whichever thread comes first, several at once.
TEST(TokenDataset, ManyThreadsReadTheSame) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 20000, .validation_tokens = 100, .shard_tokens = 3000});
  const auto alone = open_token_dataset(folder.path(), kContext, 7);
  const int64_t count = alone->samples(Split::train);
  const Samples wanted = read_samples(*alone, Split::train, 0, count);
  const auto shared = open_token_dataset(folder.path(), kContext, 7);
  std::vector<Samples> found(4);
  {
    std::vector<std::jthread> threads;
    for (Samples& samples : found)
      threads.emplace_back([&] { samples = read_samples(*shared, Split::train, 0, count); });
  }
  for (const Samples& samples : found) EXPECT_EQ(samples, wanted);
}

}  // namespace
}  // namespace convoy
