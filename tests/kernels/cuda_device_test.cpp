// The CUDA device: memory, streams, events and recorded work. The first device is used.
#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>

#include "core/base/error.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"
#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/peak_flops.h"

namespace convoy {
namespace {

class CudaDeviceTest : public testing::Test {
 protected:
  Memory on_device(const std::vector<float>& values) {
    Memory memory = device_->allocate(values.size() * sizeof(float));
    compute_->copy(memory.data(), values.data(), memory.bytes());
    return memory;
  }
  std::vector<float> read(const Memory& memory) {
    std::vector<float> values(memory.bytes() / sizeof(float));
    compute_->copy(values.data(), memory.data(), memory.bytes());
    compute_->synchronize();
    return values;
  }
  static Tensor tensor(const Memory& memory) {
    return {memory.data(), DType::f32, {static_cast<int64_t>(memory.bytes() / sizeof(float))}};
  }

  std::unique_ptr<Device> device_ = cuda::make_cuda_device({});
  std::unique_ptr<Stream> compute_ = device_->make_stream(StreamKind::compute);
  std::unique_ptr<Stream> other_ = device_->make_stream(StreamKind::communication);
};

TEST_F(CudaDeviceTest, SaysWhatItIs) {
  const DeviceInfo info = device_->info();
  EXPECT_EQ(info.kind, DeviceKind::cuda);
  EXPECT_FALSE(info.name.empty());
  EXPECT_EQ(info.serial.size(), 40u) << info.serial;
  EXPECT_GT(info.memory_bytes, size_t{1} << 20);
  EXPECT_GE(cuda::find_cuda().devices, 1);
}

TEST_F(CudaDeviceTest, RefusesWhatDoesNotExist) {
  try {
    cuda::make_cuda_device({.ordinal = 99});
    FAIL() << "device 99 was made";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("device 99 of"), std::string::npos) << error.what();
  }
}

TEST_F(CudaDeviceTest, MemoryIsAlignedAndCounted) {
  const size_t before = device_->allocated_bytes(MemoryKind::device);
  {
    const Memory a = device_->allocate(100), pinned = device_->allocate(100, MemoryKind::host);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % 256, 0u);
    EXPECT_EQ(device_->allocated_bytes(MemoryKind::device), before + 100);
    EXPECT_EQ(device_->allocated_bytes(MemoryKind::host), 100u);
  }
  EXPECT_EQ(device_->allocated_bytes(MemoryKind::device), before);
  EXPECT_EQ(device_->allocate(0).data(), nullptr);
}

TEST_F(CudaDeviceTest, TooMuchMemoryIsRefusedWithTheNumbers) {
  const size_t wanted = size_t{1} << 50;
  try {
    device_->allocate(wanted);
    FAIL() << "a petabyte was allocated";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(wanted)), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("are free"), std::string::npos) << error.what();
  }
  EXPECT_EQ(read(on_device({1, 2})), (std::vector<float>{1, 2})) << "the device works on";
}

TEST_F(CudaDeviceTest, CopiesAndClears) {
  std::vector<float> numbers(12);
  std::iota(numbers.begin(), numbers.end(), 1.0f);
  const Memory a = on_device(numbers), b = device_->allocate(12 * sizeof(float));
  compute_->zero(b.data(), b.bytes());
  compute_->copy_2d(b.data(), 4 * sizeof(float), a.data(), 3 * sizeof(float), 2 * sizeof(float), 3);
  EXPECT_EQ(read(b), (std::vector<float>{1, 2, 0, 0, 4, 5, 0, 0, 7, 8, 0, 0}));
}

// Without the events the other stream's work could come first: the virtual GPU lets it.
TEST_F(CudaDeviceTest, EventsOrderStreams) {
  const auto there = device_->make_event(), back = device_->make_event();
  const Memory x = on_device({0}), one = on_device({1}), two = on_device({2});
  for (int round = 0; round < 20; ++round) {
    device_->ops().run(*compute_, Add{tensor(x), tensor(one)});
    compute_->record(*there);
    other_->wait(*there);
    other_->copy(x.data(), two.data(), sizeof(float));
    other_->record(*back);
    compute_->wait(*back);
  }
  EXPECT_EQ(read(x), std::vector<float>{2});
}

TEST_F(CudaDeviceTest, HostFunctionsRunInOrderAndTheirFailureIsThrown) {
  std::vector<int> order;
  compute_->run([&] { order.push_back(1); });
  compute_->run([&] { order.push_back(2); });
  compute_->synchronize();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  compute_->run([] { throw std::runtime_error("on the host"); });
  compute_->run([&] { order.push_back(3); });
  EXPECT_THROW(compute_->synchronize(), std::runtime_error);
  EXPECT_EQ(order.size(), 2u) << "work behind the failure was run";
  compute_->run([&] { order.push_back(4); });
  compute_->synchronize();
  EXPECT_EQ(order.back(), 4);
}

TEST_F(CudaDeviceTest, RecordedWorkReplaysTheSameAddresses) {
  const Memory x = on_device({1, 10}), step = on_device({1, 2});
  const auto enqueue = [&] { device_->ops().run(*compute_, Add{tensor(x), tensor(step)}); };
  enqueue();
  const auto work = device_->capture(*compute_, enqueue);
  EXPECT_EQ(read(x), (std::vector<float>{2, 12})) << "recording ran the work";
  work->run(*compute_);
  work->run(*compute_);
  EXPECT_EQ(read(x), (std::vector<float>{4, 16}));
  const std::vector<float> larger{100, 100};
  compute_->copy(step.data(), larger.data(), step.bytes());
  work->run(*compute_);
  EXPECT_EQ(read(x), (std::vector<float>{104, 116}));
}

TEST_F(CudaDeviceTest, AFailedRecordingLeavesTheStreamUsable) {
  EXPECT_THROW(device_->capture(*compute_, [] { throw std::runtime_error("while recording"); }), std::runtime_error);
  EXPECT_EQ(read(on_device({5})), std::vector<float>{5});
}

TEST(PeakFlops, KnowsTheGpusOfDataCentres) {
  EXPECT_EQ(cuda::peak_flops_of("NVIDIA H100 80GB HBM3").bf16, 989e12);
  EXPECT_EQ(cuda::peak_flops_of("NVIDIA H100 PCIe").bf16, 756e12);
  EXPECT_EQ(cuda::peak_flops_of("NVIDIA A100-SXM4-80GB").tf32, 156e12);
  EXPECT_EQ(cuda::peak_flops_of("NVIDIA L4").bf16, 121e12);
  EXPECT_EQ(cuda::peak_flops_of("unheard of").bf16, 0);
}

}  // namespace
}  // namespace convoy
