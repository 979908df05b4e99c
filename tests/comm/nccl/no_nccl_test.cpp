// A build without NCCL.
#include <gtest/gtest.h>

#include <string>

#include "comm/local/thread_communicator.h"
#include "comm/make_communicator.h"
#include "comm/nccl/nccl_communicator.h"

namespace convoy {
namespace {

TEST(WithoutNccl, SeveralRanksOnCudaDevicesAreRefused) {
  on_threads(2, [](Communicator& host) {
    try {
      make_device_communicator(host, {.device = DeviceKind::cuda, .cuda_ordinal = host.rank()});
      FAIL() << "accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find("2 ranks want to use CUDA devices together, but this build has no NCCL"),
                0u)
          << error.what();
    }
  });
  EXPECT_EQ(nccl::nccl_library_version(), "");
}

}  // namespace
}  // namespace convoy
