#include "comm/hang/state_publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "comm/collective_log.h"
#include "comm/hang/node_summary.h"
#include "comm/local/local_communicator.h"
#include "comm/local/thread_communicator.h"

namespace convoy::hang {
namespace {

// The board of a machine of one rank.
std::shared_ptr<const NodeBoard> own_board() { return std::make_shared<NodeBoard>(*make_local_communicator()); }

TEST(StatePublisher, WhatALogIsToldIsToBeReadByTheMachine) {
  const auto board = own_board();
  const auto publisher = std::make_shared<StatePublisher>(3, 4);
  CollectiveLog log;
  log.publish(publisher, "all ranks", 3, 4);
  log.set_label(12, "gradient bucket 1 of 7");
  CollectiveScope(log, "all_gather", 64, log.label());
  EXPECT_FALSE(state_in(board->block(0)));
  publisher->publish_on(board);
  const CollectiveScope scope(log, "all_reduce", 128, log.label());
  const CollectiveScope host(log, "barrier_host", 0, {}, Channel::host);

  const auto state = state_in(board->block(0));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->rank, 3);
  EXPECT_EQ(state->pid, ::getpid());
  EXPECT_EQ(describe(state->last_finished()), "all_gather #1 of 64 bytes, step 12, gradient bucket 1 of 7");
  ASSERT_NE(state->lane("all ranks"), nullptr);
  EXPECT_EQ(describe(state->lane("all ranks")->last), "all_reduce #2 of 128 bytes, step 12, gradient bucket 1 of 7");
  EXPECT_TRUE(state->lane("all ranks")->last.in_flight());
  EXPECT_EQ(describe(state->lane("all ranks, host operations")->last), "barrier_host #1 of 0 bytes");
  EXPECT_EQ(state->oldest_in_flight()->name.view(), "all ranks");
  EXPECT_EQ(state->last_progress_us(), state->lane("all ranks, host operations")->last.entered_us);
}

TEST(StatePublisher, ABeatIsASignOfLife) {
  const auto board = own_board();
  StatePublisher publisher(0, 1);
  publisher.publish_on(board);
  const int64_t before = state_in(board->block(0))->machine_beat_us;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  publisher.beat();
  EXPECT_GE(state_in(board->block(0))->machine_beat_us, before + 2000);
}

TEST(StatePublisher, AnOrderlyEndLeavesNothing) {
  const auto board = own_board();
  StatePublisher publisher(0, 1);
  publisher.publish_on(board);
  publisher.withdraw();
  EXPECT_FALSE(state_in(board->block(0)));
  publisher.set_label(7, "weights");
  EXPECT_EQ(publisher.state().step, 7);
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

// A reader never sees half of a change: the bytes of each collective are its order times a thousand. Each rank has the
// memory mapped for itself, as processes would.
TEST(NodeBoard, AReaderSeesWholeStates) {
  on_threads(2, [](Communicator& machine) {
    const auto board = std::make_shared<NodeBoard>(machine);
    StatePublisher publisher(machine.rank(), 2);
    const int lane = publisher.open_lane("all ranks", machine.rank(), 2);
    publisher.publish_on(board);
    machine.barrier_host();
    if (machine.rank() == 0) {
      for (uint64_t order = 1; !board->case_closed(); ++order) {
        publisher.enter(lane, "all_reduce", order * 1000, static_cast<int64_t>(order), "");
        publisher.leave(lane);
        if (order % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    } else {
      for (int look = 0; look < 500; ++look) {
        const CollectiveState last = state_in(board->block(0))->lane("all ranks")->last;
        EXPECT_EQ(last.bytes, last.order * 1000);
        EXPECT_EQ(last.step, last.order > 0 ? static_cast<int64_t>(last.order) : -1);
      }
      board->close_case();
    }
  });
}

TEST(NodeBoard, OneRankDoesADutyUntilItIsOverdue) {
  on_threads(3, [](Communicator& machine) {
    const NodeBoard board(machine);
    const auto takers = [&](double pause_s) {
      const char mine = board.take(NodeBoard::Duty::inquest, std::chrono::duration<double>(pause_s)) ? 1 : 0;
      char all[3];
      machine.all_gather_host(all, &mine, 1);
      return all[0] + all[1] + all[2];
    };
    EXPECT_EQ(takers(60), 1);
    EXPECT_EQ(takers(60), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    machine.barrier_host();
    EXPECT_EQ(takers(0.4), 1);
  });
}

TEST(NodeBoard, TheFirstVerdictStands) {
  const auto board = own_board();
  EXPECT_FALSE(board->verdict());
  board->put_verdict("rank 1");
  board->put_verdict("rank 2");
  EXPECT_EQ(board->verdict(), "rank 1");
}

NodeSummary summary_of_two() {
  StatePublisher publisher(3, 4);
  const int lane = publisher.open_lane("all ranks", 3, 4);
  publisher.enter(lane, "all_reduce", 128, 12, "weights");
  return {.number = 5, .idle_s = 1.5, .ranks = {{publisher.state(), Life::stopped}, {}}};
}

TEST(NodeSummary, ComesBackAsItWas) {
  const std::string bytes = pack(summary_of_two());
  EXPECT_LT(bytes.size(), 3000u);  // lanes that are not used take no room
  const auto back = unpack(bytes + "of a longer one that was there before");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 5u);
  EXPECT_EQ(back->idle_s, 1.5);
  ASSERT_EQ(back->ranks.size(), 2u);
  EXPECT_EQ(back->ranks[0].life, Life::stopped);
  EXPECT_EQ(describe(back->ranks[0].state->lane("all ranks")->last), "all_reduce #1 of 128 bytes, step 12, weights");
  EXPECT_EQ(back->ranks[0].state->lanes[1].name.view(), "");
  EXPECT_FALSE(back->ranks[1].state);
}

TEST(NodeSummary, WhatIsCutOrDamagedIsNotTakenForOne) {
  const std::string bytes = pack(summary_of_two());
  for (const size_t kept : {size_t{0}, size_t{20}, bytes.size() - 1}) EXPECT_FALSE(unpack(bytes.substr(0, kept)));
  for (size_t at = 0; at < bytes.size(); at += 97) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const auto read = unpack(damaged);
    if (read) {
      EXPECT_EQ(pack(*read).substr(80), bytes.substr(80)) << at;  // the head is not covered: number and time
    }
  }
}

}  // namespace
}  // namespace convoy::hang
