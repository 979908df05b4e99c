#include "core/plan/arena_layout.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(ArenaLayout, BuffersThatNeverMeetShareTheirBytes) {
  std::vector<PlannedBuffer> buffers{{"a", 1000, 0, 1}, {"b", 1000, 2, 3}, {"c", 1000, 4, 4}};
  EXPECT_EQ(lay_out(buffers), 1024u);
}

TEST(ArenaLayout, AChainOfNeighboursNeedsTwoPlaces) {
  std::vector<PlannedBuffer> buffers;
  for (int i = 0; i < 10; ++i) buffers.push_back({"x", 512, i, i + 1});
  EXPECT_EQ(lay_out(buffers), 1024u);
}

TEST(ArenaLayout, TakesTheTightestGap) {
  // Two gaps open at action 2, of 2048 and 1280 bytes: the late buffer belongs into the smaller one.
  std::vector<PlannedBuffer> buffers{
      {"wide", 2048, 0, 1}, {"wall", 1536, 0, 5}, {"narrow", 1280, 0, 1}, {"wall", 1024, 0, 5}, {"late", 1000, 2, 5}};
  lay_out(buffers);
  EXPECT_EQ(buffers[4].offset, buffers[2].offset);
}

TEST(ArenaLayout, IsAlignedAndKeepsGuards) {
  std::vector<PlannedBuffer> buffers{{"a", 1, 0, 0}, {"b", 1, 0, 0}};
  EXPECT_EQ(lay_out(buffers, 256), 2 * 512u);
  for (const PlannedBuffer& buffer : buffers) EXPECT_EQ(buffer.offset % kArenaAlignment, 0u);
}

}  // namespace
}  // namespace convoy
