#include "comm/hang/state_publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "comm/collective_log.h"
#include "core/base/error.h"
#include "tests/core/temporary_folder.h"

namespace convoy::hang {
namespace {

TEST(StatePublisher, WhatALogIsToldIsToBeReadFromTheFile) {
  const TemporaryFolder folder;
  const auto file = state_path(folder.path(), 3);
  const auto publisher = std::make_shared<StatePublisher>(3, 4);
  CollectiveLog log;
  log.publish(publisher, "all ranks", 3, 4);
  log.set_label(12, "gradient bucket 1 of 7");
  CollectiveScope(log, "all_gather", 64, log.label());
  publisher->publish_in(file);
  const CollectiveScope scope(log, "all_reduce", 128, log.label());
  const CollectiveScope host(log, "barrier_host", 0, {}, Channel::host);

  const auto state = read_state(file);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->rank, 3);
  EXPECT_EQ(state->pid, ::getpid());
  EXPECT_EQ(describe(state->last_finished()), "all_gather #1 of 64 bytes, step 12, gradient bucket 1 of 7");
  ASSERT_NE(state->lane("all ranks"), nullptr);
  EXPECT_EQ(describe(state->lane("all ranks")->last), "all_reduce #2 of 128 bytes, step 12, gradient bucket 1 of 7");
  EXPECT_TRUE(state->lane("all ranks")->last.in_flight());
  EXPECT_EQ(describe(state->lane("all ranks, host operations")->last), "barrier_host #1 of 0 bytes");
  EXPECT_EQ(state->oldest_in_flight()->name.view(), "all ranks");
}

TEST(StatePublisher, BeatsGoUpInTheFile) {
  const TemporaryFolder folder;
  StatePublisher publisher(0, 1);
  publisher.publish_in(state_path(folder.path(), 0));
  const uint64_t before = read_state(state_path(folder.path(), 0))->beats;
  publisher.beat(true);
  EXPECT_EQ(read_state(state_path(folder.path(), 0))->beats, before + 1);
}

TEST(StatePublisher, AnOrderlyEndLeavesNothing) {
  const TemporaryFolder folder;
  StatePublisher publisher(0, 1);
  publisher.publish_in(state_path(folder.path(), 0));
  publisher.withdraw();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  publisher.beat(true);
  EXPECT_EQ(publisher.state().beats, 1u);
}

TEST(StatePublisher, LanesThatGoMakeRoomAndTooManyAreLeftOut) {
  StatePublisher publisher(0, 1);
  for (size_t l = 0; l < RankState::kLanes; ++l) EXPECT_EQ(publisher.open_lane("x", 0, 1), static_cast<int>(l));
  const int none = publisher.open_lane("x", 0, 1);
  EXPECT_EQ(none, -1);
  publisher.enter(none, "all_reduce", 4, 0, "");
  publisher.leave(none);
  publisher.close_lane(5);
  EXPECT_EQ(publisher.open_lane("y", 0, 1), 5);
}

TEST(StatePublisher, WhatIsNoStateIsNotTakenForOne) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_state(folder.path() / "missing"));
  std::ofstream(folder.path() / "short") << "short";
  EXPECT_FALSE(read_state(folder.path() / "short"));
  std::ofstream(folder.path() / "other") << std::string(sizeof(StateBlock), 'x');
  EXPECT_FALSE(read_state(folder.path() / "other"));
}

TEST(StatePublisher, AFolderThatIsNotThereIsAnError) {
  StatePublisher publisher(0, 1);
  EXPECT_THROW(publisher.publish_in("/nonexistent/ranks/rank-00000.state"), Error);
  publisher.beat(false);
}

// A reader never sees half of a change: the bytes of each collective are its order times a thousand.
TEST(StatePublisher, AReaderSeesWholeStates) {
  const TemporaryFolder folder;
  const auto file = state_path(folder.path(), 0);
  StatePublisher publisher(0, 1);
  const int lane = publisher.open_lane("all ranks", 0, 1);
  publisher.publish_in(file);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint64_t order = 1; !stop; ++order) {
      publisher.enter(lane, "all_reduce", order * 1000, static_cast<int64_t>(order), "");
      publisher.leave(lane);
      if (order % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  for (int look = 0; look < 500; ++look) {
    const CollectiveState last = read_state(file)->lane("all ranks")->last;
    EXPECT_EQ(last.bytes, last.order * 1000);
    EXPECT_EQ(last.step, last.order > 0 ? static_cast<int64_t>(last.order) : -1);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace convoy::hang
