// More ranks than there are processors: as threads, and as one rank among thousands that are absent.
#include <gtest/gtest.h>

#include <cmath>

#include "core/config/config.h"
#include "tests/support/toy_run.h"

namespace convoy::test {
namespace {

constexpr int64_t kSteps = 3;

Config config_of(int virtual_ranks, int64_t stage, int node_ranks) {
  Config config = toy_config();
  config.train.steps = kSteps;
  config.batch = {.micro = 1, .global = virtual_ranks};
  config.parallel.virtual_ranks.value = virtual_ranks;
  config.parallel.stage = stage;
  config.parallel.node_ranks.value = node_ranks;
  config.evaluate.every_steps = 0;
  return config;
}

ToyParts on_nodes(int ranks) {
  ToyParts parts;
  parts.cluster.node_ranks = ranks;
  return parts;
}

void expect_bits(const ToyResult& one, const ToyResult& found, const Config& config) {
  EXPECT_TRUE(one.weights == found.weights) << "stage " << config.parallel.stage;
  EXPECT_EQ(one.losses, found.losses);
  EXPECT_EQ(one.grad_norms, found.grad_norms);
  EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
  EXPECT_EQ(found.sent_bytes[2] - found.sent_bytes[1], found.planned_sent_bytes);
}

class ManyRanks : public testing::TestWithParam<std::tuple<std::tuple<int, int>, Precision>> {};  // ranks, of a node

TEST_P(ManyRanks, ChangeNoBit) {
  const auto [ranks, node] = std::get<0>(GetParam());
  Config config = config_of(ranks, 0, node);
  config.precision = std::get<1>(GetParam());
  const ToyResult one = toy_run(config, 1);
  for (const int64_t stage : {0, 1, 2, 3}) {
    config.parallel.stage = stage;
    config.parallel.shard_ranks.value = std::nullopt;
    expect_bits(one, toy_run(config, ranks), config);
    const int group = ranks > 16 ? 8 : 4;
    if (stage == 0 || ranks % group != 0) continue;
    config.parallel.shard_ranks.value = group;
    expect_bits(one, toy_run(config, ranks), config);
  }
}
INSTANTIATE_TEST_SUITE_P(All, ManyRanks,
                         testing::Combine(testing::Values(std::tuple(6, 2), std::tuple(8, 4), std::tuple(12, 6),
                                                          std::tuple(16, 8), std::tuple(64, 8)),
                                          testing::Values(Precision::f32, Precision::bf16)));

// Stage 1 in groups of 8.
TEST(ManyRanks, TwoHundredAndFiftySixChangeNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Config config = config_of(256, 0, 8);
    config.precision = precision;
    const ToyResult one = toy_run(config, 1);
    for (const int64_t stage : {0, 1, 2, 3}) {
      config.parallel.stage = stage;
      if (stage == 1) config.parallel.shard_ranks.value = 8;
      if (stage == 2) config.parallel.shard_ranks.value = std::nullopt;
      expect_bits(one, toy_run(config, 256), config);
    }
  }
}

class LoneRank : public testing::TestWithParam<std::tuple<int, int>> {};  // ranks, stage

// Round a ring over all ranks in their order every byte but one part in N of a bucket leaves each node once to be
// summed, and once to come back.
TEST_P(LoneRank, SendsNoMoreOffItsNodeThanARing) {
  const auto [ranks, stage] = GetParam();
  constexpr int kNode = 8;
  Config config = config_of(ranks, stage, kNode);
  config.parallel.bucket_bytes = int64_t{1} << 40;
  const ToyResult result = lone_toy_run(config, ranks, on_nodes(kNode));
  const auto steps = static_cast<double>(kSteps);
  simulated::Traffic sums = result.traffic.at("gradient bucket");
  for (const char* gathers : {"updated weights", "weights of bucket"})
    if (result.traffic.contains(gathers)) sums += result.traffic.at(gathers);
  const double bucket = static_cast<double>(result.bucket_bytes);
  const double of_ring = ranks <= kNode ? 0 : 2 * bucket * (ranks - 1) / ranks / kNode * steps;
  EXPECT_LE(static_cast<double>(sums.off_node_bytes), 1.1 * of_ring);
  const simulated::Traffic& buckets = result.traffic.at("gradient bucket");
  EXPECT_GT(buckets.messages, 0);
  EXPECT_LE(static_cast<double>(buckets.messages), 4 * std::log2(ranks) * steps);
  EXPECT_LE(static_cast<double>(buckets.hops), 4 * std::log2(ranks) * steps);
}
INSTANTIATE_TEST_SUITE_P(All, LoneRank,
                         testing::Combine(testing::Values(8, 64, 1024, 16384), testing::Values(0, 1, 2, 3)));

void expect_equal(const simulated::Traffic& planned, const simulated::Traffic& counted) {
  EXPECT_EQ(planned.calls * kSteps, counted.calls);
  EXPECT_EQ(planned.messages * kSteps, counted.messages);
  EXPECT_EQ(planned.off_node_messages * kSteps, counted.off_node_messages);
  EXPECT_EQ(planned.bytes * kSteps, counted.bytes);
  EXPECT_EQ(planned.off_node_bytes * kSteps, counted.off_node_bytes);
  EXPECT_EQ(planned.hops * kSteps, counted.hops);
}

TEST(StepTraffic, IsWhatIsCounted) {
  for (const bool reproducible : {true, false})
    for (const GradientDType wire : {GradientDType::f32, GradientDType::bf16})
      for (const int64_t stage : {0, 1, 2, 3})
        for (const auto& [ranks, node] : {std::pair(6, 6), std::pair(8, 4), std::pair(64, 8), std::pair(96, 4)}) {
          Config config = config_of(ranks, stage, node);
          config.parallel.reproducible = reproducible;
          config.parallel.gradient_dtype = wire;
          ToyParts parts = on_nodes(node);
          parts.validation_samples = 0;  // evaluations gather weights too
          parts.ignored = [](int64_t, int64_t t) { return t == 0; };
          SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks, wire "
                                          << static_cast<int>(wire) << ", reproducible " << reproducible);
          ToyResult result = lone_toy_run(config, ranks, parts);
          EXPECT_TRUE(result.planned_traffic.contains("weights of targets"));
          for (const auto& [label, planned] : result.planned_traffic) {
            SCOPED_TRACE(label);
            if (label != "host") expect_equal(planned, result.traffic[label]);  // the host's are of the start too
          }
        }
}

// A step of 1,024 ranks takes no more room for what comes from others than one of 8 does.
TEST(LoneRankMemory, IsABucketWhateverTheRanks) {
  for (const int64_t stage : {0, 1, 2, 3})
    for (const int ranks : {8, 64, 1024}) {
      Config config = config_of(ranks, stage, 8);
      config.parallel.bucket_bytes = int64_t{1} << 40;
      const ToyResult result = lone_toy_run(config, ranks, on_nodes(8));
      EXPECT_LE(static_cast<double>(result.communication_bytes), 1.1 * static_cast<double>(result.bucket_bytes))
          << "stage " << stage << ", " << ranks << " ranks";
    }
}

}  // namespace
}  // namespace convoy::test
