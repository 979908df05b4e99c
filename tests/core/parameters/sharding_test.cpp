#include "core/parameters/sharding.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/models/gpt2.h"
#include "core/ops/reductions.h"
#include "core/train/model.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

constexpr Gpt2Config kModel{.layers = 3, .heads = 2, .channels = 48, .context = 16, .vocabulary = 50};

TEST(Buckets, CutEvenlyCoverEverythingInDescendingOrder) {
  for (const int ranks : {1, 2, 3, 8})
    for (const int64_t bytes : {1, 50000, 1 << 20}) {
      const ShardingOptions options{.stage = 1, .ranks = ranks, .bucket_bytes = bytes};
      const int64_t elements = layout_unit(options) * 11;
      const auto buckets = cut_evenly(elements, options);
      ASSERT_FALSE(buckets.empty());
      EXPECT_EQ(buckets.front().end, elements);
      EXPECT_EQ(buckets.back().begin, 0);
      int64_t offset = 0;
      for (size_t i = 0; i < buckets.size(); ++i) {
        EXPECT_EQ(buckets[i].end, i == 0 ? elements : buckets[i - 1].begin);
        EXPECT_EQ(buckets[i].shard * ranks, buckets[i].elements());
        EXPECT_EQ(buckets[i].offset, offset);
        offset += buckets[i].shard;
      }
    }
  const auto first = [](int64_t bytes) {
    return cut_evenly(131072, {.stage = 1, .ranks = 2, .bucket_bytes = bytes})[0].elements();
  };
  EXPECT_EQ(first(65536), 16384);
  EXPECT_EQ(first(65535), 16384 - 2048);
  EXPECT_TRUE(cut_evenly(0, {.stage = 1, .ranks = 2}).empty());
}

TEST(Buckets, ThatNobodySharesOutNeedHardlyAnyPadding) {
  constexpr int64_t kElements = 85'000'000;
  for (const int ranks : {1, 2, 3, 1000, 16384}) {
    const int64_t unit = layout_unit({.stage = 0, .ranks = ranks});
    EXPECT_EQ(unit % ranks, 0);
    EXPECT_LT((kElements + unit - 1) / unit * unit, kElements * 101 / 100) << ranks;
  }
}

TEST(Buckets, CutBetweenGroupsHoldWholeParameters) {
  const Graph graph = gpt2_loss_graph(kModel, 2, 16);
  for (const int ranks : {2, 3, 8})
    for (const int64_t bytes : {1, 200'000, 1 << 30}) {
      const ParameterLayout layout(graph, layout_unit({.stage = 1, .ranks = ranks}));
      const auto buckets = cut_between_groups(layout, bytes, ranks);
      EXPECT_EQ(buckets.front().end, layout.padded_elements());
      EXPECT_EQ(buckets.back().begin, 0);
      EXPECT_EQ(buckets.size() == 1, bytes == 1 << 30);
      for (const Bucket& bucket : buckets) {
        EXPECT_EQ(bucket.begin % kSumSquaresBlock, 0);
        EXPECT_GE(bucket.shard * ranks, bucket.elements());
        EXPECT_EQ(bucket.shard % kSumSquaresBlock, 0);
      }
      for (const Parameter& p : layout.parameters())
        EXPECT_EQ(std::count_if(buckets.begin(), buckets.end(),
                                [&](const Bucket& b) { return b.begin <= p.offset && p.end() <= b.end; }),
                  1)
            << p.spec.name;
    }
}

// The token table is read by the first layer and the last: gathering it must not bring the first block along.
TEST(Groups, AreBlocksAndSharedParameters) {
  const ParameterLayout layout(gpt2_loss_graph(kModel, 2, 16), 1);
  std::vector<std::string> first;
  for (const int64_t start : layout.group_starts())
    for (const Parameter& p : layout.parameters())
      if (p.offset == start) first.push_back(p.spec.name);
  EXPECT_EQ(first, (std::vector<std::string>{"transformer.wte.weight", "transformer.wpe.weight",
                                             "transformer.h.0.ln_1.weight", "transformer.h.1.ln_1.weight",
                                             "transformer.h.2.ln_1.weight", "transformer.ln_f.weight"}));
}

TEST(Sharding, EveryElementHasOneOwner) {
  const Graph graph = gpt2_loss_graph(kModel, 2, 16);
  for (const int ranks : {2, 3, 8})
    for (const int64_t stage : {1, 2, 3}) {
      const ParameterLayout layout(graph, layout_unit({.stage = 1, .ranks = ranks}));
      std::vector<int> owners(static_cast<size_t>(layout.padded_elements()), 0);
      for (int rank = 0; rank < ranks; ++rank) {
        const Sharding sharding(layout, {.stage = stage, .rank = rank, .ranks = ranks, .bucket_bytes = 40000});
        for (const OwnedRange& range : sharding.owned()) {
          EXPECT_LE(range.offset + range.elements(), sharding.compact_elements());
          for (int64_t i = range.begin; i < range.end; ++i) ++owners[static_cast<size_t>(i)];
        }
      }
      EXPECT_EQ(std::count(owners.begin(), owners.end(), 1), layout.padded_elements());
    }
}

// Each stage keeps less than the one before, in storage and arena together.
TEST(Sharding, EachStageTakesLessMemory) {
  const auto device = cpu::make_cpu_device(1);
  size_t before = SIZE_MAX;
  for (const int64_t stage : {0, 1, 2, 3}) {
    constexpr Gpt2Config kDeep{.layers = 12, .heads = 2, .channels = 64, .context = 8, .vocabulary = 50};
    const ModelPlan plan(
        device->ops(), gpt2_loss_graph(kDeep, 1, 8),
        {.sharding = {.stage = stage, .rank = 1, .ranks = 8, .bucket_bytes = 40000}, .states = {"m", "v"}});
    const size_t bytes = plan.memory().on_device();
    EXPECT_LT(bytes, before) << "stage " << stage;
    before = bytes;
  }
}

}  // namespace
}  // namespace convoy
