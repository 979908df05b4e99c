#include "comm/nccl/stream_progress.h"

#include <gtest/gtest.h>

#include "kernels/cuda/cuda_device.h"

namespace convoy::nccl {
namespace {

class StreamProgressTest : public testing::Test {
 protected:
  cudaStream_t handle() const { return static_cast<cudaStream_t>(stream->native_handle()); }
  void add(const char* what, size_t bytes) {
    progress.begin(handle(), what, bytes);
    stream->zero(memory.data(), memory.bytes());
    progress.end(handle());
  }

  std::unique_ptr<Device> device = cuda::make_cuda_device({});
  std::unique_ptr<Stream> stream = device->make_stream(StreamKind::communication);
  Memory memory = device->allocate(64);
  CollectiveLog log;
  StreamProgress progress{log, 0};
};

TEST_F(StreamProgressTest, LogsInStreamOrderWithTheLabelsOfTheTime) {
  EXPECT_TRUE(progress.idle());
  for (int step = 0; step < 3; ++step) {
    log.set_label(step, "bucket");
    add("all_reduce", 100);
    add("all_gather", 200);
  }
  log.set_label(9, "later");
  stream->synchronize();
  EXPECT_TRUE(progress.idle());
  EXPECT_FALSE(log.oldest_in_flight());
  const auto recent = log.recent();
  ASSERT_EQ(recent.size(), 6u);
  EXPECT_EQ(describe(recent[0]), "all_reduce of 100 bytes, step 0, bucket");
  EXPECT_EQ(describe(recent[5]), "all_gather of 200 bytes, step 2, bucket");
}

// It is in flight from when the stream comes to it, here: at once. Nobody has ended it yet.
TEST_F(StreamProgressTest, IsInFlightUntilTheStreamHasPassed) {
  add("broadcast", 1);
  progress.begin(handle(), "all_to_all", 2);
  stream->synchronize();
  progress.poll();
  ASSERT_TRUE(log.oldest_in_flight());
  EXPECT_EQ(describe(*log.oldest_in_flight()), "all_to_all of 2 bytes");
  EXPECT_EQ(last_finished(log), "broadcast of 1 bytes");
  EXPECT_FALSE(progress.idle());
  ASSERT_TRUE(progress.oldest_unfinished());
  EXPECT_EQ(describe(*progress.oldest_unfinished()), "all_to_all of 2 bytes");
  progress.end(handle());
  stream->synchronize();
  EXPECT_TRUE(progress.idle());
  EXPECT_FALSE(progress.oldest_unfinished());
  EXPECT_EQ(last_finished(log), "all_to_all of 2 bytes");
}

}  // namespace
}  // namespace convoy::nccl
