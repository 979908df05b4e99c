#include "comm/collective_log.h"

#include <gtest/gtest.h>

#include <string>

namespace convoy {
namespace {

TEST(CollectiveLog, KeepsTheLastThatFinishedAndAllInFlight) {
  CollectiveLog log(3);
  EXPECT_FALSE(log.oldest_in_flight());
  const uint64_t stuck = log.enter("broadcast_host", 8, {});
  for (int step = 0; step < 5; ++step) CollectiveScope(log, "all_reduce", 100, {step, "bucket"});
  const uint64_t later = log.enter("all_gather", 16, {5, "last"});

  const auto recent = log.recent();
  ASSERT_EQ(recent.size(), 5u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(recent[static_cast<size_t>(i)].label.step, 2 + i);
    EXPECT_GE(recent[static_cast<size_t>(i)].left, recent[static_cast<size_t>(i)].entered);
  }
  EXPECT_EQ(recent[3].number, stuck);
  EXPECT_EQ(recent[3].left, CollectiveRecord::Time{});
  EXPECT_EQ(recent[4].number, later);
  ASSERT_TRUE(log.oldest_in_flight());
  EXPECT_EQ(log.oldest_in_flight()->number, stuck);
  log.leave(stuck);
  EXPECT_EQ(log.oldest_in_flight()->number, later);
  log.leave(later);
  EXPECT_FALSE(log.oldest_in_flight());
}

TEST(CollectiveLog, LeavesWhenTheCollectiveThrows) {
  CollectiveLog log;
  const auto failing = [&] {
    const CollectiveScope scope(log, "all_reduce", 4, {});
    throw 1;
  };
  EXPECT_THROW(failing(), int);
  EXPECT_FALSE(log.oldest_in_flight());
}

TEST(CollectiveLog, DescribesWhatIsKnown) {
  CollectiveLog log;
  log.set_label(12, "gradient bucket 3 of 7");
  CollectiveScope(log, "all_to_all", 4096, log.label());
  CollectiveScope(log, "barrier_host", 0, {});
  CollectiveScope(log, "all_reduce", 1, {1, std::string(100, 'x')});
  const auto recent = log.recent();
  EXPECT_EQ(describe(recent[0]), "all_to_all of 4096 bytes, step 12, gradient bucket 3 of 7");
  EXPECT_EQ(describe(recent[1]), "barrier_host of 0 bytes");
  EXPECT_EQ(describe(recent[2]), "all_reduce of 1 bytes, step 1, " + std::string(55, 'x'));
}

}  // namespace
}  // namespace convoy
