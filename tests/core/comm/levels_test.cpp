#include "core/comm/levels.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "comm/local/thread_communicator.h"
#include "core/base/error.h"
#include "core/base/tree_sum.h"
#include "core/comm/leveled_group.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

using Sizes = std::vector<int>;

TEST(Levels, TakeANodesRanksFirstAndAnOddFactorLast) {
  EXPECT_EQ(levels_of(1, 1).sizes(), (Sizes{1}));
  EXPECT_EQ(levels_of(2, 2).sizes(), (Sizes{2}));
  EXPECT_EQ(levels_of(4, 4).sizes(), (Sizes{4}));
  EXPECT_EQ(levels_of(8, 8).sizes(), (Sizes{4, 2}));
  EXPECT_EQ(levels_of(8, 2).sizes(), (Sizes{2, 4}));
  EXPECT_EQ(levels_of(64, 8).sizes(), (Sizes{4, 2, 4, 2}));
  EXPECT_EQ(levels_of(12, 4).sizes(), (Sizes{4, 3}));
  EXPECT_EQ(levels_of(12, 6).sizes(), (Sizes{2, 2, 3})) << "a node of six is two times three neighbours";
  EXPECT_EQ(levels_of(6, 1).sizes(), (Sizes{2, 3}));
  EXPECT_EQ(levels_of(7, 7).sizes(), (Sizes{7}));
}

TEST(Levels, AreRefusedWhereTheSumWouldBeAnother) {
  EXPECT_THROW(Levels(Sizes{3, 2}), InternalError);
  EXPECT_THROW(Levels(Sizes{}), InternalError);
}

TEST(Levels, EveryPlaceIsOneRanks) {
  for (const auto& [ranks, node] : {std::pair(64, 8), std::pair(12, 4), std::pair(96, 4), std::pair(7, 1)}) {
    const Levels levels = levels_of(ranks, node);
    std::set<int> places;
    for (int rank = 0; rank < ranks; ++rank) places.insert(levels.place_of(rank));
    EXPECT_EQ(static_cast<int>(places.size()), ranks);
    EXPECT_EQ(*places.rbegin(), ranks - 1);
    EXPECT_EQ(levels.place_of(0), 0);
  }
}

TEST(Levels, NeedFewMessages) {
  for (int ranks = 8; ranks <= 16384; ranks *= 2)
    for (const int node : {1, 4, 8}) {
      int messages = 0;
      const Levels levels = levels_of(ranks, node);
      for (const int size : levels.sizes()) messages += 2 * (size - 1);
      EXPECT_LE(messages, 4 * std::log2(ranks)) << ranks << " ranks, " << node << " a node";
    }
}

TEST(LeveledGroup, GathersByPlace) {
  for (const Sizes& sizes : {Sizes{4}, Sizes{2, 2}, Sizes{4, 3}, Sizes{2, 2, 2}}) {
    const Levels levels(sizes);
    on_threads(levels.ranks(), [&](Communicator& ranks) {
      const auto device = cpu::make_cpu_device(1);
      const auto stream = device->make_stream(StreamKind::communication);
      const LeveledGroup group(ranks, levels);
      std::vector<int64_t> all(static_cast<size_t>(2 * ranks.size()), -1), mine{group.place(), 100 + group.place()};
      const Tensor out{all.data(), DType::i64, {2 * ranks.size()}};
      for (const bool in_place : {false, true}) {
        const Tensor in = in_place ? out.range(2 * group.place(), 2) : Tensor{mine.data(), DType::i64, {2}};
        group.all_gather(*stream, out, in);
        stream->synchronize();
        for (int place = 0; place < ranks.size(); ++place) {
          EXPECT_EQ(all[static_cast<size_t>(2 * place)], place);
          EXPECT_EQ(all[static_cast<size_t>(2 * place + 1)], 100 + place);
        }
      }
    });
  }
}

TEST(LeveledGroup, SumsByTheTree) {
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) values.push_back(std::ldexp(1.0 / 3 + i, 7 * i % 40));
  for (const Sizes& sizes : {Sizes{12}, Sizes{4, 3}, Sizes{2, 2, 3}})
    on_threads(12, [&](Communicator& ranks) {
      std::array<double, 2> mine{values[static_cast<size_t>(ranks.rank())], 1};
      LeveledGroup(ranks, Levels(sizes)).tree_sum_host(mine);
      EXPECT_EQ(mine[0], tree_sum(values));
      EXPECT_EQ(mine[1], 12);
    });
}

}  // namespace
}  // namespace convoy
