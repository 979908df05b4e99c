#include "comm/hang/diagnosis.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace convoy::hang {
namespace {

constexpr int64_t kNow = 1'000'000'000, kSecond = 1'000'000;
constexpr std::string_view kLane = "all ranks", kHostLane = "all ranks, host operations";

CollectiveState collective(std::string_view what, uint64_t order, uint64_t bytes = 4096) {
  return {.order = order, .bytes = bytes, .step = 12, .what = what, .label = "gradient bucket 3 of 7"};
}

// Ranks 0 and 1 on host east, 2 and 3 on west; each has finished #40 five seconds ago.
class Job {
 public:
  Job() : ranks(4) {
    for (size_t r = 0; r < ranks.size(); ++r) {
      RankState state;
      state.rank = static_cast<int>(r);
      state.host = r < 2 ? "east" : "west";
      state.pid = 100 + static_cast<int64_t>(r);
      state.beat_us = kNow;
      state.step = 12;
      state.label = "gradient bucket 3 of 7";
      state.lanes[0] = {.name = kLane, .rank = static_cast<int>(r), .size = 4, .last = done()};
      state.lanes[1] = {.name = kHostLane, .rank = static_cast<int>(r), .size = 4, .last = {}};
      state.recent[0] = done();
      state.recent_count = 1;
      ranks[r] = {state, Life::beating};
    }
  }

  static CollectiveState done() {
    CollectiveState c = collective("all_gather", 40);
    c.entered_us = kNow - 6 * kSecond;
    c.left_us = kNow - 5 * kSecond;
    return c;
  }
  void enters(int rank, CollectiveState c, size_t lane = 0) {
    c.entered_us = kNow - 5 * kSecond;
    ranks[static_cast<size_t>(rank)].state->lanes[lane].last = c;
  }
  void all_enter_but(int absent, const CollectiveState& c = collective("all_reduce", 41)) {
    for (int r = 0; r < 4; ++r)
      if (r != absent) enters(r, c);
  }
  Sight& operator[](int rank) { return ranks[static_cast<size_t>(rank)]; }
  Diagnosis diagnose() const { return hang::diagnose(ranks, kLane, kNow); }

  std::vector<Sight> ranks;
};

void expect(const Diagnosis& found, Cause cause, const std::vector<int>& culprits, const std::string& text) {
  EXPECT_EQ(found.cause, cause) << found.text;
  EXPECT_EQ(found.culprits, culprits) << found.text;
  EXPECT_EQ(found.text, text);
}

TEST(Diagnosis, ARankThatRunsButDoesNotComeIsLate) {
  Job job;
  job.all_enter_but(2);
  expect(job.diagnose(), Cause::late, {2},
         "rank 2 on west (pid 102) runs, but has not come: busy with its own code for 5.0 s, after all_gather #40 of "
         "4096 bytes, step 12, gradient bucket 3 of 7");
  job[2].state->step = 13;
  job[2].state->label = "validation";
  EXPECT_NE(job.diagnose().text.find("bucket 3 of 7, before step 13, validation"), std::string::npos);
}

TEST(Diagnosis, ARankThatHasNeverCome) {
  Job job;
  job.all_enter_but(2, collective("all_reduce", 1));
  job[2].state->lanes[0].last = {};
  job[2].state->recent_count = 0;
  expect(job.diagnose(), Cause::late, {2}, "rank 2 on west (pid 102) runs, but has not come to any collective yet");
}

// Where it froze does not matter: inside the collective it is as much in the way.
TEST(Diagnosis, AFrozenRankIsTheCulpritInsideTheCollectiveAndOutside) {
  Job job;
  job.all_enter_but(-1);
  job[1].life = Life::stopped;
  job[1].state->beat_us = kNow - 5 * kSecond;
  expect(job.diagnose(), Cause::frozen, {1},
         "rank 1 on east (pid 101) is stopped by a signal: no sign of life for 5.0 s, in all_reduce #41 of 4096 bytes, "
         "step 12, gradient bucket 3 of 7");
  job[1].life = Life::silent;
  job[1].state->lanes[0].last = Job::done();
  expect(job.diagnose(), Cause::frozen, {1},
         "rank 1 on east (pid 101) is frozen, or its host is down: no sign of life for 5.0 s, after all_gather #40 of "
         "4096 bytes, step 12, gradient bucket 3 of 7");
}

TEST(Diagnosis, ADeadRankIsWorseThanAFrozenOne) {
  Job job;
  job.all_enter_but(3);
  job[1].life = Life::silent;
  job[3].life = Life::gone;
  expect(job.diagnose(), Cause::gone, {3},
         "rank 3 on west (pid 103) has ended without a word, after all_gather #40 of 4096 bytes, step 12, gradient "
         "bucket 3 of 7");
}

TEST(Diagnosis, ManyCulpritsAreNotAllDescribed) {
  Job job;
  for (int r = 0; r < 4; ++r) job[r].life = Life::gone;
  const std::string text = job.diagnose().text;
  EXPECT_NE(text.find("rank 2 on west"), std::string::npos) << text;
  EXPECT_EQ(text.find("rank 3 on west"), std::string::npos) << text;
  EXPECT_NE(text.find("and so on for ranks 0-3"), std::string::npos) << text;
}

TEST(Diagnosis, DifferentCollectivesAreBothNamed) {
  Job job;
  job.all_enter_but(1);
  job.enters(1, collective("all_gather", 41));
  expect(job.diagnose(), Cause::mismatch, {0, 1, 2, 3},
         "ranks are in different collectives: all_gather #41 of 4096 bytes, step 12, gradient bucket 3 of 7 on rank 1; "
         "all_reduce #41 of 4096 bytes, step 12, gradient bucket 3 of 7 on ranks 0, 2, 3");
}

TEST(Diagnosis, ARankInAHostOperationInstead) {
  Job job;
  job.all_enter_but(3);
  job.enters(3, collective("barrier_host", 7, 0), 1);
  expect(
      job.diagnose(), Cause::mismatch, {3},
      "rank 3 on west (pid 103) is in another collective, barrier_host #7 of 0 bytes, step 12, gradient bucket 3 of 7");
}

TEST(Diagnosis, DifferentSizesOfOneCollective) {
  Job job;
  job.all_enter_but(2);
  job.enters(2, collective("all_reduce", 41, 8192));
  expect(job.diagnose(), Cause::bytes, {0, 1, 2, 3},
         "the ranks disagree on the size of the collective: 4096 bytes on ranks 0, 1, 3; 8192 bytes on rank 2");
}

TEST(Diagnosis, WhereAllHaveComeItIsTheNetworkBetweenTheHosts) {
  Job job;
  job.all_enter_but(-1);
  expect(
      job.diagnose(), Cause::network, {0, 1, 2, 3},
      "all ranks run and are in the collective, none is late: look at the network between hosts east (ranks 0, 1) and "
      "west (ranks 2, 3)");
}

// One side had what it needed when the link was cut, and waits in the next collective.
TEST(Diagnosis, RanksInNeighbouringCollectivesAreNotLate) {
  Job job;
  job.all_enter_but(-1);
  job.enters(0, collective("all_reduce", 42));
  EXPECT_EQ(job.diagnose().cause, Cause::network);
}

TEST(Diagnosis, OnOneHostThereIsNoNetworkToBlame) {
  Job job;
  job.all_enter_but(-1);
  for (int r = 0; r < 4; ++r) job[r].state->host = "east";
  EXPECT_EQ(job.diagnose().cause, Cause::stuck);
}

TEST(Diagnosis, RanksThatCannotBeSeenAreNamedAsSuch) {
  Job job;
  job.all_enter_but(-1);
  job[2] = job[3] = {};
  const Diagnosis found = job.diagnose();
  EXPECT_EQ(found.cause, Cause::unseen);
  EXPECT_EQ(found.culprits, (std::vector<int>{2, 3}));
  EXPECT_EQ(found.text.find("of ranks 2, 3 nothing is to be seen"), 0u) << found.text;
}

// A rank that is known to be late explains the hang whoever else is out of sight.
TEST(Diagnosis, AKnownCulpritComesBeforeAnUnknownOne) {
  Job job;
  job.all_enter_but(1);
  job[3] = {};
  EXPECT_EQ(job.diagnose().cause, Cause::late);
  EXPECT_EQ(job.diagnose().culprits, std::vector<int>{1});
}

// Ranks 0 and 1 are a group of their own: the others have no part in it, whatever they do.
TEST(Diagnosis, AGroupIsComparedWithinItself) {
  Job job;
  for (int r = 0; r < 2; ++r)
    job[r].state->lanes[2] = {.name = "all ranks/1.0", .rank = r, .size = 2, .last = collective("all_reduce", 5)};
  job[1].state->lanes[2].last.left_us = kNow;
  job[1].state->lanes[2].last.order = 4;
  const Diagnosis found = diagnose(job.ranks, "all ranks/1.0", kNow);
  EXPECT_EQ(found.cause, Cause::late);
  EXPECT_EQ(found.culprits, std::vector<int>{1});
}

// Rank 2 waits for all; 0 waits for 1 in their group, and 1 is busy: it is the culprit wherever one begins to look.
TEST(Diagnosis, WhoeverKeepsTheOthersInAnotherGroupIsFound) {
  Job job;
  const std::string_view group = "all ranks/1.0";
  for (int r = 0; r < 2; ++r) job[r].state->lanes[2] = {.name = group, .rank = r, .size = 2, .last = Job::done()};
  job.enters(2, collective("barrier_host", 1, 0), 1);
  job.enters(3, collective("barrier_host", 1, 0), 1);
  job.enters(0, collective("all_reduce", 41), 2);
  for (const std::string_view lane : {kHostLane, group})
    EXPECT_EQ(diagnose(job.ranks, lane, kNow).culprits, std::vector<int>{1}) << lane;
  // Were rank 1 in the barrier, the two would wait for each other.
  job.enters(1, collective("barrier_host", 1, 0), 1);
  EXPECT_EQ(diagnose(job.ranks, kHostLane, kNow).cause, Cause::mismatch);
  EXPECT_EQ(diagnose(job.ranks, kHostLane, kNow).culprits, std::vector<int>{0});
}

TEST(Diagnosis, RangesOfRanks) {
  EXPECT_EQ(rank_ranges({}), "");
  EXPECT_EQ(rank_ranges({3}), "3");
  EXPECT_EQ(rank_ranges({0, 1, 2, 5, 7, 8}), "0-2, 5, 7, 8");
}

}  // namespace
}  // namespace convoy::hang
