#include "comm/local/thread_communicator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/comm/support/plain_stream.h"

namespace convoy {
namespace {

TEST(OnThreads, RethrowsTheFirstFailureAndFreesThoseWhoWait) {
  std::atomic<int> freed = 0;
  const auto body = [&](Communicator& c) {
    if (c.rank() == 2) throw DataError("rank 2 has no data");
    try {
      c.barrier_host();
    } catch (const InternalError& error) {
      if (std::string(error.what()).find("rank 2 has no data") != std::string::npos) ++freed;
      throw;
    }
  };
  EXPECT_THROW(on_threads(4, body), DataError);
  EXPECT_EQ(freed, 3);
}

TEST(OnThreads, FreesThoseWhoWaitInAPart) {
  const auto body = [](Communicator& c) {
    const auto part = c.split(c.rank() / 2, 0);
    if (c.rank() == 3) throw DataError("gone");
    if (c.rank() == 2) part->barrier_host();
  };
  EXPECT_THROW(on_threads(4, body), DataError);
}

TEST(OnThreads, AFailureOnAStreamComesOutWhereItIsSynchronized) {
  const auto body = [](Communicator& c) {
    if (c.rank() == 1) throw DataError("gone");
    const auto stream = test::make_plain_stream(StreamKind::communication);
    float x = 1;
    c.all_reduce(*stream, {&x, DType::f32, {1}});
    EXPECT_THROW(stream->synchronize(), InternalError);
  };
  EXPECT_THROW(on_threads(2, body), DataError);
}

// Rank 2 aborts; the process ends with its code and one line, whatever the others do.
TEST(OnThreadsDeathTest, AbortEndsTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto body = [](Communicator& c) {
    if (c.rank() == 2) c.abort(ExitCode::wrong_bits, "device of rank 2 miscalculates");
    c.barrier_host();
  };
  EXPECT_EXIT(on_threads(3, body), testing::ExitedWithCode(72), "rank 2 on [^ ]+: device of rank 2 miscalculates");
}

}  // namespace
}  // namespace convoy
