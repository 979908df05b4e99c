// The set of kinds is open: one that is made up here is opened, looked at and checked like those there are.
#include "datasets/kinds.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "datasets/inspect.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_arrays.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

// Counts: sample i is i, of as many as the manifest has rows.
class Counting final : public Dataset {
 public:
  Counting(std::filesystem::path folder, const DatasetManifest& manifest)
      : folder_(std::move(folder)), fields_{{"count", DType::i32, {1}}} {
    facts_.kind = manifest.kind;
    for (const Split split : kSplits) facts_.stored[static_cast<size_t>(split)] = manifest.split(split).rows();
  }
  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return facts_.stored_in(split); }
  void read(Split, int64_t first, int64_t count, std::span<const Tensor> out) override {
    for (int64_t i = 0; i < count; ++i) out[0].as<int32_t>()[i] = static_cast<int32_t>(first + i);
  }
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return folder_; }
  std::string too_few(Split, int64_t, bool) const override { return "too few to count"; }

 private:
  std::filesystem::path folder_;
  DatasetFacts facts_;
  std::vector<BatchField> fields_;
};

std::unique_ptr<Dataset> open_counting(const std::filesystem::path& folder, DatasetManifest manifest,
                                       const DatasetNeeds&) {
  return std::make_unique<Counting>(folder, manifest);
}

constexpr std::array kWithCounting = {DatasetKind{"counting", "a number", "numbers", open_counting}};

TEST(DatasetKinds, OneOfATest) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_arrays(folder.path(), {.train = 9, .validation = 3});
  manifest.kind = "counting";
  write_dataset_manifest(folder.path(), manifest);
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "kind \"counting\", wanted \"tokens\" or \"documents\" or \"pairs\" or \"arrays\"");
  const auto dataset = open_dataset(folder.path(), {}, kWithCounting);
  EXPECT_EQ(dataset->facts().kind, "counting");
  EXPECT_EQ(dataset->samples(Split::train), 9);
  int32_t numbers[2] = {};
  const Tensor out[] = {{numbers, DType::i32, {2, 1}}};
  dataset->read(Split::train, 5, 2, out);
  EXPECT_EQ(numbers[1], 6);
  EXPECT_NE(describe_dataset(folder.path(), kWithCounting).find("9 numbers in 1 shards"), std::string::npos);
  EXPECT_EQ(verify_dataset(folder.path(), nullptr, kWithCounting), std::vector<std::string>{});
}

TEST(DatasetKinds, AManifestSaysWhichItIs) {
  const TemporaryFolder tokens, arrays;
  write_toy_dataset(tokens.path(), {.train_tokens = 100, .test_tokens = 50});
  write_toy_arrays(arrays.path(), {.train = 9});
  const auto of_tokens = open_dataset(tokens.path(), {.context = 8, .seed = 1});
  EXPECT_EQ(of_tokens->facts().kind, "tokens");
  EXPECT_EQ(of_tokens->facts().vocabulary, 256);
  EXPECT_EQ(of_tokens->facts().stored_in(Split::test), 50);
  EXPECT_EQ(of_tokens->samples(Split::test), 6);
  EXPECT_TRUE(of_tokens->files().contains("tokenizer.json"));
  const auto of_arrays = open_dataset(arrays.path(), {});
  EXPECT_EQ(of_arrays->facts().kind, "arrays");
  EXPECT_EQ(of_arrays->tokenizer(), nullptr);
  EXPECT_TRUE(of_arrays->files().contains("dataset.json"));
}

// The folder was made by the program when manifests were of version 1, and a checkpoint of then has this identity.
TEST(DatasetKinds, VersionOneIsReadAndKeepsItsIdentity) {
  const std::filesystem::path folder = std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/datasets/version1";
  const auto dataset = open_dataset(folder, {.context = 8, .seed = 1});
  EXPECT_EQ(dataset->identity(), "d14d4d75d3a362ebf9ee847dd97d24a9");
  EXPECT_EQ(dataset->facts().stored_in(Split::train), 2906);
  EXPECT_EQ(dataset->facts().stored_in(Split::validation), 324);
  EXPECT_EQ(dataset->samples(Split::test), 0);
  const Samples first = read_samples(*dataset, Split::validation, 0, 3);
  EXPECT_EQ(dataset->tokenizer()->decode({first.tokens.begin(), first.tokens.begin() + 8}), "line 54:");
  EXPECT_EQ(verify_dataset(folder, nullptr), std::vector<std::string>{});
  const DatasetManifest manifest = read_dataset_manifest(folder);
  EXPECT_EQ(manifest.import.option("tokenizer"), "characters");
  EXPECT_EQ(manifest.import.sources.at(0).name, "text.txt");
  EXPECT_EQ(manifest.import.sources.at(0).checksum, 0xdae7bccc906d10a1u);
}

}  // namespace
}  // namespace convoy
