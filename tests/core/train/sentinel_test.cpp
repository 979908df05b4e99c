#include "core/train/sentinel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "core/comm/fail_together.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/support/faulty_device.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::BitFlip;
using test::gpt2_of;
using test::toy_config;
using test::toy_run;

TEST(Dissenters, AreThoseWhoAreNotOfTheMajority) {
  EXPECT_EQ(dissenters({{0, "a"}, {1, "a"}}), std::vector<int>{});
  EXPECT_EQ(dissenters({{1, "b"}, {0, "a"}, {0, "a"}, {1, "a"}}), std::vector<int>{1});
  EXPECT_EQ(dissenters({{1, "b"}, {0, "a"}, {0, "a"}, {1, "b"}}), (std::vector<int>{0, 1}));
  EXPECT_EQ(dissenters({{2, "b"}, {1, "a"}, {0, "a"}, {1, "a"}, {2, "c"}}), std::vector<int>{2});
}

Config watched_config(int64_t every) {
  Config config = toy_config();
  config.batch.micro = 4;
  config.parallel.sentinel_every = every;
  return config;
}

TEST(Sentinel, ChangesNoBitAndAccusesNobodyWithoutCause) {
  Config config = watched_config(0);
  test::gpt2_of(config).dropout = 0.1;
  const auto expected = toy_run(config, 1);
  config.parallel.sentinel_every = 3;
  for (const int ranks : {1, 2, 4})
    for (const int64_t stage : {0, 1, 2, 3}) {
      config.parallel.stage = stage;
      const auto found = toy_run(config, ranks);
      EXPECT_EQ(found.losses, expected.losses) << ranks << " ranks, stage " << stage;
      EXPECT_TRUE(found.weights == expected.weights) << ranks << " ranks, stage " << stage;
    }
}

// Runs with one rank's device wrong from some product on; what the run said.
std::string words_of_a_run(Config config, int ranks, int faulty, int64_t from, int64_t until, const BitFlip& flip) {
  test::ToyParts parts;
  parts.make_device = [&](int rank) {
    auto device = cpu::make_cpu_device(1);
    if (rank != faulty) return device;
    return test::make_faulty_device(std::move(device), [from, until, &flip](int64_t product) {
      return product >= from && product < until ? &flip : nullptr;
    });
  };
  try {
    toy_run(config, ranks, parts);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::wrong_bits) << error.what();
    return error.what();
  }
  return "nothing";
}

constexpr int64_t kForever = INT64_MAX;

// A device that goes wrong at any product of the run and stays so is named at the next check, at the latest.
TEST(Sentinel, NamesTheRankWhoseDeviceComputesWrong) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 20; ++trial) {
    const int ranks = trial % 2 == 0 ? 4 : 3, faulty = static_cast<int>(random() % static_cast<unsigned>(ranks));
    Config config = watched_config(2);
    if (ranks == 3) {
      config.parallel.virtual_ranks.value = 3;
      config.batch.global = 12;
    }
    config.parallel.stage = trial % 4;
    // Low mantissa bits of bf16 and f32 alike; 12 steps of at least 21 products.
    const BitFlip flip{static_cast<int64_t>(random() % 1000), 16 + static_cast<int>(random() % 7)};
    const std::string words = words_of_a_run(config, ranks, faulty, random() % 200, kForever, flip);
    EXPECT_NE(words.find(fmt::format("wrong gradients by rank {} on test host", faulty)), std::string::npos)
        << "trial " << trial << ", rank " << faulty << " of " << ranks << ": " << words;
  }
}

// A single flip in the pass that is watched: two ranks are enough, since what is computed again is right.
TEST(Sentinel, NamesTheRankOfASingleFlip) {
  const Config config = watched_config(1);
  for (const int faulty : {0, 1})
    for (const int64_t product : {3, 25, 30}) {
      const BitFlip flip{17, 21};
      const std::string words = words_of_a_run(config, 2, faulty, product, product + 1, flip);
      EXPECT_NE(words.find(fmt::format("step 1: the sentinel found wrong gradients by rank {}", faulty)),
                std::string::npos)
          << words;
    }
}

// Not the sentinel's: gradients that are no numbers change no weight, and too many of them end the run on every rank.
TEST(Guard, EndsARunWithoutFiniteGradients) {
  Config config = watched_config(0);
  config.guard.max_skipped_steps = 3;
  const BitFlip flip{17, 30};
  test::ToyParts parts;
  parts.make_device = [&](int) {
    return test::make_faulty_device(cpu::make_cpu_device(1),
                                    [&](int64_t product) { return product > 60 ? &flip : nullptr; });
  };
  try {
    toy_run(config, 2, parts);
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::internal);
    EXPECT_NE(std::string(error.what()).find("had no finite gradient"), std::string::npos) << error.what();
  }
}

// Only evidence against both can be had of two ranks that disagree again and again.
TEST(Sentinel, NamesBothWhereNothingTellsThemApart) {
  const BitFlip flip{17, 21};
  const std::string words = words_of_a_run(watched_config(1), 2, 1, 0, kForever, flip);
  EXPECT_NE(words.find("rank 0 on test host or rank 1 on test host"), std::string::npos) << words;
}

}  // namespace
}  // namespace convoy
