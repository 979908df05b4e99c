// Ranks that NCCL cannot connect.
#include <gtest/gtest.h>
#include <nccl.h>

#include <chrono>
#include <cstring>
#include <string>

#include "comm/local/thread_communicator.h"
#include "comm/make_communicator.h"
#include "comm/nccl/nccl_communicator.h"
#include "comm/nccl/nccl_group.h"
#include "kernels/cuda/cuda_device.h"

namespace convoy {
namespace {

// Rank 1 receives something else than what rank 0 broadcasts.
class FalsifyingHost final : public Communicator {
 public:
  FalsifyingHost(Communicator& host, const ncclUniqueId& instead) : host_(host), instead_(instead) {}

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  int local_rank() const override { return host_.local_rank(); }
  int local_size() const override { return host_.local_size(); }
  void label(int64_t, std::string_view) override {}
  void all_reduce(Stream&, const Tensor&) override {}
  void all_gather(Stream&, const Tensor&, const Tensor&) override {}
  void all_to_all(Stream&, const Tensor&, const Tensor&) override {}
  void reduce_scatter(Stream&, const Tensor&, const Tensor&) override {}
  void broadcast(Stream&, const Tensor&, int) override {}
  void barrier_host() override { host_.barrier_host(); }
  void broadcast_host(void* data, size_t bytes, int root) override {
    host_.broadcast_host(data, bytes, root);
    if (rank() == 1 && bytes == sizeof instead_) std::memcpy(data, &instead_, bytes);
  }
  void all_gather_host(void* out, const void* in, size_t bytes) override { host_.all_gather_host(out, in, bytes); }
  std::unique_ptr<Communicator> split(int color, int key) override { return host_.split(color, key); }
  std::unique_ptr<Communicator> machine_ranks() override { return host_.machine_ranks(); }
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    host_.abort(code, reason);
    std::abort();
  }

 private:
  Communicator& host_;
  const ncclUniqueId instead_;
};

// The message of the error of this kind that every rank of three gets, where rank 1 goes to look for `instead`.
template <class Kind>
std::string failure_of_start(const ncclUniqueId& instead, double timeout_s) {
  std::string message[3];
  on_threads(3, [&](Communicator& host) {
    FalsifyingHost falsifying(host, instead);
    const auto device = cuda::make_cuda_device({.ordinal = host.rank()});
    try {
      make_device_communicator(falsifying,
                               {.device = DeviceKind::cuda, .cuda_ordinal = host.rank(), .timeout_s = timeout_s});
      ADD_FAILURE() << "rank " << host.rank() << " was connected";
    } catch (const Kind& error) {
      message[host.rank()] = error.what();
    }
  });
  EXPECT_EQ(message[1], message[0]);
  EXPECT_EQ(message[2], message[0]);
  return message[0];
}

// Rank 1 waits for others where nobody comes, and they for it.
TEST(NcclStart, NamesTheRanksThatWereNotConnectedInTime) {
  ncclUniqueId elsewhere{};
  ASSERT_EQ(ncclGetUniqueId(&elsewhere), ncclSuccess);
  const auto begin = std::chrono::steady_clock::now();
  const std::string text = failure_of_start<TimeoutError>(elsewhere, 0.5);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_EQ(text.find("NCCL did not connect 3 ranks within parallel.timeout_s = 0.5: rank 0 on "), 0u) << text;
  EXPECT_NE(text.find("; rank 2 on "), std::string::npos) << text;
  EXPECT_NE(text.find("NCCL_SOCKET_IFNAME"), std::string::npos) << text;
}

// Rank 1 fails at once: it is the reason, so it alone is named.
TEST(NcclStart, NamesTheRankThatFailed) {
  const std::string text = failure_of_start<InternalError>({}, 2);
  EXPECT_EQ(text.find("NCCL could not connect 3 ranks: rank 1 on "), 0u) << text;
  EXPECT_EQ(text.find("rank 0 on "), std::string::npos) << text;
}

// Of four ranks two gather the others.
TEST(NcclStart, SeveralRanksShareTheWorkOfConnectingAll) {
  EXPECT_TRUE(nccl::can_have_many_roots());
  on_threads(4, [](Communicator& host) {
    const auto device = cuda::make_cuda_device({.ordinal = host.rank()});
    const auto ranks = nccl::make_nccl_communicator(host, {.cuda_ordinal = host.rank(), .ranks_of_a_root = 2});
    const auto stream = device->make_stream(StreamKind::communication);
    const Memory memory = device->allocate(sizeof(float));
    const float mine = static_cast<float>(1 << host.rank());
    stream->copy(memory.data(), &mine, sizeof mine);
    ranks->all_reduce(*stream, {memory.data(), DType::f32, {1}});
    float sum = 0;
    stream->copy(&sum, memory.data(), sizeof sum);
    stream->synchronize();
    EXPECT_EQ(sum, 15);
  });
}

}  // namespace
}  // namespace convoy
