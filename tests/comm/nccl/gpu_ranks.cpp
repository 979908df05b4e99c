#include "tests/comm/nccl/gpu_ranks.h"

#include "comm/local/thread_communicator.h"
#include "comm/make_communicator.h"
#include "kernels/cuda/cuda_device.h"

namespace convoy::test {

GpuRank::GpuRank(Communicator& host, double timeout_s)
    : host_(host),
      device_(cuda::make_cuda_device({.ordinal = host.local_rank()})),
      nccl_(make_device_communicator(
          host, {.device = DeviceKind::cuda, .cuda_ordinal = host.local_rank(), .timeout_s = timeout_s})) {}

void on_gpus(int ranks, const std::function<void(Communicator&, Device&)>& body) {
  on_threads(ranks, [&](Communicator& host) {
    GpuRank rank(host);
    body(rank.communicator(), rank.device());
  });
}

}  // namespace convoy::test
