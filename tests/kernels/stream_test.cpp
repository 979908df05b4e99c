// Streams and events: order, failure, and the thread behind them. No OpenMP here, so that ThreadSanitizer sees it all.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "kernels/cpu/cpu_stream.h"

namespace convoy::test {
namespace {

using cpu::make_cpu_event;
using cpu::make_cpu_stream;

class StreamTest : public testing::TestWithParam<StreamKind> {
 protected:
  std::unique_ptr<Stream> stream_ = make_cpu_stream(GetParam());
};

class ThreadStreamTest : public testing::Test {
 protected:
  std::unique_ptr<Stream> communication_ = make_cpu_stream(StreamKind::communication);
  std::unique_ptr<Stream> copies_ = make_cpu_stream(StreamKind::copy);
  std::unique_ptr<Stream> compute_ = make_cpu_stream(StreamKind::compute);
  std::unique_ptr<Event> event_ = make_cpu_event();
};

[[noreturn]] void fail() { throw std::runtime_error("as arranged"); }

TEST_P(StreamTest, RunsInOrder) {
  std::vector<int> seen;
  for (int i = 0; i < 1000; ++i) stream_->run([&seen, i] { seen.push_back(i); });
  stream_->synchronize();
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(seen, expected);
}

TEST_P(StreamTest, CopiesAndZeroes) {
  const std::vector<int> from{1, 2, 3, 4, 5, 6};
  std::vector<int> to(6, -1), rows(9, -1);
  stream_->copy(to.data(), from.data(), 5 * sizeof(int));
  stream_->zero(to.data() + 1, sizeof(int));
  // 3 rows of 2 out of a matrix 2 wide into a matrix 3 wide.
  stream_->copy_2d(rows.data(), 3 * sizeof(int), from.data(), 2 * sizeof(int), 2 * sizeof(int), 3);
  stream_->copy(nullptr, nullptr, 0);
  stream_->zero(nullptr, 0);
  stream_->synchronize();
  EXPECT_EQ(to, (std::vector<int>{1, 0, 3, 4, 5, -1}));
  EXPECT_EQ(rows, (std::vector<int>{1, 2, -1, 3, 4, -1, 5, 6, -1}));
}

TEST_P(StreamTest, WaitsForNothingBeforeTheFirstRecord) {
  const auto event = make_cpu_event();
  stream_->wait(*event);
  stream_->synchronize();
}

INSTANTIATE_TEST_SUITE_P(Kinds, StreamTest,
                         testing::Values(StreamKind::compute, StreamKind::communication, StreamKind::copy));

TEST_F(ThreadStreamTest, ComputeRunsInTheCaller) {
  std::thread::id thread;
  compute_->run([&] { thread = std::this_thread::get_id(); });
  EXPECT_EQ(thread, std::this_thread::get_id());
  communication_->run([&] { thread = std::this_thread::get_id(); });
  communication_->synchronize();
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(ThreadStreamTest, WorkBehindAWaitStartsAfterTheRecordedPoint) {
  std::promise<void> gate;
  std::vector<int> seen;
  communication_->run([&, open = gate.get_future().share()] { open.wait(), seen.push_back(1); });
  communication_->record(*event_);
  copies_->wait(*event_);
  copies_->run([&] { seen.push_back(2); });
  gate.set_value();
  copies_->synchronize();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

// A wait is for the record before it, whatever is recorded later.
TEST_F(ThreadStreamTest, AWaitIsForTheLastRecordBeforeIt) {
  std::promise<void> gate;
  compute_->record(*event_);
  copies_->wait(*event_);
  communication_->run([open = gate.get_future().share()] { open.wait(); });
  communication_->record(*event_);
  copies_->synchronize();  // would hang if it waited for the second record
  copies_->wait(*event_);
  std::atomic<bool> reached = false;
  copies_->run([&] { reached = true; });
  EXPECT_FALSE(reached);
  gate.set_value();
  copies_->synchronize();
  EXPECT_TRUE(reached);
}

TEST_F(ThreadStreamTest, EventsCarryDataBackAndForth) {
  const auto back = make_cpu_event();
  int64_t value = 0;
  for (int64_t i = 1; i <= 2000; ++i) {
    compute_->run([&] { ++value; });
    compute_->record(*event_);
    communication_->wait(*event_);
    communication_->run([&] { value *= 1; });
    communication_->record(*back);
    compute_->wait(*back);
    ASSERT_EQ(value, i);
  }
}

TEST_F(ThreadStreamTest, AFailureDropsWhatIsBehindItUntilSynchronize) {
  bool ran = false;
  communication_->run(fail);
  communication_->run([&] { ran = true; });
  EXPECT_THROW(communication_->synchronize(), std::runtime_error);
  EXPECT_FALSE(ran);
  communication_->run([&] { ran = true; });
  communication_->synchronize();
  EXPECT_TRUE(ran);
}

TEST_F(ThreadStreamTest, AFailureReachesWhoeverWaits) {
  bool ran = false;
  communication_->run(fail);
  communication_->record(*event_);
  EXPECT_THROW(compute_->wait(*event_), std::runtime_error);
  copies_->wait(*event_);
  copies_->run([&] { ran = true; });
  EXPECT_THROW(copies_->synchronize(), std::runtime_error);
  EXPECT_FALSE(ran);
  EXPECT_THROW(communication_->synchronize(), std::runtime_error);

  communication_->record(*event_);
  compute_->wait(*event_);  // recorded anew, and well
}

TEST_F(ThreadStreamTest, ComputeThrowsAtOnce) { EXPECT_THROW(compute_->run(fail), std::runtime_error); }

TEST_F(ThreadStreamTest, TheDestructorFinishesTheWork) {
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) communication_->run([&] { ++ran; });
  communication_.reset();
  EXPECT_EQ(ran, 100);
}

TEST_F(ThreadStreamTest, TakesWorkFromSeveralThreads) {
  int sum = 0;  // only the stream's thread touches it
  {
    std::vector<std::jthread> callers;
    callers.reserve(4);
    for (int caller = 0; caller < 4; ++caller)
      callers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) communication_->run([&] { ++sum; });
        communication_->synchronize();
      });
  }
  EXPECT_EQ(sum, 2000);
}

}  // namespace
}  // namespace convoy::test
