#include "kernels/cpu/cpu_device.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <string>

#include "core/base/error.h"
#include "core/ops/matmul.h"
#include "kernels/cpu/cpu_isa.h"
#include "kernels/cpu/cpu_memory.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/cpu_stream.h"
#include "kernels/cpu/team.h"

namespace convoy::cpu {
namespace {

// "AMD EPYC 9354 32-Core Processor"; "x86-64" where Linux does not say.
std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("model name"))
      if (const size_t colon = line.find(':'); colon + 2 < line.size()) return line.substr(colon + 2);
  return "x86-64";
}

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(int threads);

  DeviceInfo info() const override;
  double peak_flops(DType dtype) override;
  size_t most_bytes(MemoryKind) const override { return most_memory_bytes(); }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Stream> make_stream(StreamKind kind) override { return make_cpu_stream(kind); }
  std::unique_ptr<Event> make_event() override { return make_cpu_event(); }

 protected:
  void* allocate_raw(size_t bytes, MemoryKind) override { return allocate_block(bytes); }
  void release_raw(void* data, MemoryKind) noexcept override { release_block(data); }

 private:
  double measure_flops(DType dtype);

  int threads_;
  CpuOps ops_;
  std::mutex mutex_;
  std::map<DType, double> peak_flops_;
};

CpuDevice::CpuDevice(int threads) : threads_(threads == 0 ? omp_get_num_procs() : threads) {
  if (threads_ < 0) throw ConfigError(fmt::format("{} CPU threads were asked for; use 0 for all, or more", threads_));
  Team::resize(threads_);
}

DeviceInfo CpuDevice::info() const {
  return {.kind = DeviceKind::cpu,
          .name = fmt::format("{}, {} {}, {}", processor_name(), threads_, threads_ == 1 ? "thread" : "threads",
                              name_of(active_isa())),
          .serial = "",
          .memory_bytes = machine_memory_bytes()};
}

double CpuDevice::peak_flops(DType dtype) {
  if (dtype != DType::f32 && dtype != DType::bf16) return 0;
  const std::lock_guard lock(mutex_);
  const auto known = peak_flops_.find(dtype);
  if (known != peak_flops_.end()) return known->second;
  return peak_flops_[dtype] = measure_flops(dtype);
}

// The best of several products: a moment's disturbance by other programs must not lower the peak.
double CpuDevice::measure_flops(DType dtype) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t M = 1024, N = 768, K = 256;
  constexpr std::chrono::milliseconds kBudget{30};
  const auto stream = make_stream(StreamKind::compute);
  const size_t bytes = static_cast<size_t>(M * K + K * N + M * N) * size_of(dtype);
  // Not through allocate(): it is no memory of the training's.
  const std::unique_ptr<void, decltype(&release_block)> memory(allocate_block(bytes), release_block);
  stream->zero(memory.get(), bytes);
  const Tensor all{memory.get(), dtype, {M * K + K * N + M * N}};
  const Matmul product{.c = all.range(0, M * N).reshaped({M, N}),
                       .a = all.range(M * N, M * K).reshaped({M, K}),
                       .b = all.range(M * N + M * K, K * N).reshaped({K, N})};
  ops_.run(*stream, product);
  double best_s = std::numeric_limits<double>::infinity();
  const Clock::time_point end = Clock::now() + kBudget;
  for (Clock::time_point begin = Clock::now(); begin < end;) {
    ops_.run(*stream, product);
    const Clock::time_point now = Clock::now();
    best_s = std::min(best_s, std::chrono::duration<double>(now - begin).count());
    begin = now;
  }
  return 2.0 * M * N * K / best_s;
}

}  // namespace

std::unique_ptr<Device> make_cpu_device(int threads) { return std::make_unique<CpuDevice>(threads); }

std::unique_ptr<Ops> make_planning_ops() { return std::make_unique<CpuOps>(); }

}  // namespace convoy::cpu
