// The CPU device: memory, its counters, and what it says of itself.
#include <gtest/gtest.h>
#include <omp.h>

#include <cstdint>
#include <cstring>

#include "core/base/error.h"
#include "core/ops/matmul.h"
#include "core/ops/ops.h"
#include "kernels/cpu/cpu_device.h"
#include "kernels/cpu/cpu_isa.h"
#include "kernels/cpu/team.h"

namespace convoy::test {
namespace {

class DeviceTest : public testing::Test {
 protected:
  std::unique_ptr<Device> device_ = cpu::make_cpu_device(2);
};

TEST_F(DeviceTest, CountsWhatItAllocates) {
  {
    const Memory first = device_->allocate(1000);
    Memory second = device_->allocate(10, MemoryKind::host);
    EXPECT_EQ(device_->allocated_bytes(MemoryKind::device), 1000u);
    EXPECT_EQ(device_->allocated_bytes(MemoryKind::host), 10u);
    second = device_->allocate(20, MemoryKind::host);
    EXPECT_EQ(device_->allocated_bytes(MemoryKind::host), 20u);
    EXPECT_EQ(device_->allocations(), 3);
  }
  EXPECT_EQ(device_->allocated_bytes(MemoryKind::device), 0u);
  EXPECT_EQ(device_->allocated_bytes(MemoryKind::host), 0u);
  EXPECT_EQ(device_->allocate(0).data(), nullptr);
  EXPECT_EQ(device_->allocations(), 3);
}

TEST_F(DeviceTest, AlignsItsMemory) {
  for (const size_t bytes : {size_t{1}, size_t{63}, size_t{65}, size_t{1} << 20, (size_t{4} << 20) + 1}) {
    const Memory memory = device_->allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % 64, 0u) << bytes;
    std::memset(memory.data(), 1, bytes);
  }
  const Memory large = device_->allocate(size_t{5} << 20);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large.data()) % (size_t{2} << 20), 0u) << "not aligned to huge pages";
}

TEST_F(DeviceTest, RefusesWhatTheMachineLacksAndSaysSo) {
  try {
    const Memory memory = device_->allocate(size_t{1} << 50);
    FAIL() << "a petabyte was allocated";
  } catch (const InternalError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("wanted 1125899906842624 bytes"), std::string::npos) << message;
    EXPECT_NE(message.find(" are free"), std::string::npos) << message;
  }
  EXPECT_EQ(device_->allocated_bytes(MemoryKind::device), 0u);
  EXPECT_EQ(device_->allocations(), 0);
}

TEST_F(DeviceTest, SaysWhatItIs) {
  const DeviceInfo info = device_->info();
  EXPECT_EQ(info.kind, DeviceKind::cpu);
  EXPECT_NE(info.name.find("2 threads"), std::string::npos) << info.name;
  EXPECT_TRUE(info.name.ends_with(cpu::name_of(cpu::active_isa()))) << info.name;
  EXPECT_GT(info.memory_bytes, size_t{1} << 28);
}

TEST_F(DeviceTest, SetsTheNumberOfThreads) {
  EXPECT_EQ(cpu::Team::size(), 2);
  const auto all = cpu::make_cpu_device(0);
  EXPECT_EQ(cpu::Team::size(), omp_get_num_procs());
  EXPECT_THROW(cpu::make_cpu_device(-1), ConfigError);
}

TEST_F(DeviceTest, MeasuresItsPeakOnceAndKeepsNoMemory) {
  const double peak = device_->peak_flops(DType::f32);
  EXPECT_GT(peak, 1e9);
  EXPECT_LT(peak, 1e14);
  EXPECT_EQ(device_->peak_flops(DType::f32), peak);
  EXPECT_GT(device_->peak_flops(DType::bf16), 1e9);
  EXPECT_EQ(device_->peak_flops(DType::i32), 0);
  EXPECT_EQ(device_->allocations(), 0);
}

TEST_F(DeviceTest, HasStreamsEventsAndOperators) {
  const auto compute = device_->make_stream(StreamKind::compute);
  const auto communication = device_->make_stream(StreamKind::communication);
  const auto event = device_->make_event();
  float x[2] = {2, 3}, y = 0;
  Matmul product{.c = {&y, DType::f32, {1, 1}}, .a = {x, DType::f32, {1, 2}}, .b = {x, DType::f32, {2, 1}}};
  device_->ops().run(*communication, product);
  communication->record(*event);
  compute->wait(*event);
  EXPECT_EQ(y, 13);
}

}  // namespace
}  // namespace convoy::test
