#include "launcher/device_choice.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <functional>

#include "comm/failure_report.h"
#include "core/base/error.h"
#include "core/base/logging.h"
#include "kernels/cpu/cpu_device.h"
#include "launcher/binding/bind_rank.h"
#include "launcher/binding/cpu_quota.h"
#include "launcher/cuda_support.h"

namespace convoy {
namespace {

constexpr int kMaxProcessors = 8 * CPU_SETSIZE;

constexpr size_t kMostQuotas = 16;

// What ranks tell each other, as bytes.
struct Seat {
  struct Quota {
    double cpus = 0;
    uint64_t group = 0;  // a hash of its folder
  };
  std::array<char, 256> host = {};
  std::array<cpu_set_t, 8> processors = {};
  std::array<Quota, kMostQuotas> quotas = {};
};

Seat my_seat() {
  Seat seat;
  std::strncpy(seat.host.data(), host_name().c_str(), seat.host.size() - 1);
  if (sched_getaffinity(0, sizeof seat.processors, seat.processors.data()) != 0)
    throw InternalError(fmt::format("sched_getaffinity failed: {}; set parallel.threads", std::strerror(errno)));
  const std::vector<CpuQuota> quotas = cpu_quotas();
  for (size_t i = 0; i < std::min(quotas.size(), kMostQuotas); ++i)
    seat.quotas[i] = {quotas[i].cpus, std::hash<std::string>()(quotas[i].folder)};
  return seat;
}

std::vector<CpuQuota> quotas_of(const Seat& seat) {
  std::vector<CpuQuota> quotas;
  for (const Seat::Quota& quota : seat.quotas)
    if (quota.cpus > 0) quotas.push_back({quota.cpus, fmt::format("{}", quota.group)});
  return quotas;
}

std::vector<int> processors_of(const Seat& seat) {
  std::vector<int> processors;
  for (int i = 0; i < kMaxProcessors; ++i)
    if (CPU_ISSET_S(i, sizeof seat.processors, seat.processors.data())) processors.push_back(i);
  return processors;
}

// Two ranks on one GPU would each plan for all of its memory, and NCCL refuses them. Collective.
void check_own_device(Device& device, Communicator& communicator) {
  struct Name {
    std::array<char, 64> serial = {};
  } mine;
  std::strncpy(mine.serial.data(), device.info().serial.c_str(), mine.serial.size() - 1);
  std::vector<Name> names(static_cast<size_t>(communicator.size()));
  communicator.all_gather_host(names.data(), &mine, sizeof mine);
  for (int rank = 0; rank < communicator.size(); ++rank)
    if (rank != communicator.rank() && mine.serial[0] != 0 && names[static_cast<size_t>(rank)].serial == mine.serial)
      throw ConfigError(fmt::format("ranks {} and {} would both use {} ({}); start at most one rank a GPU",
                                    std::min(rank, communicator.rank()), std::max(rank, communicator.rank()),
                                    device.info().name, mine.serial.data()));
}

}  // namespace

DeviceKind choose_device(DeviceChoice choice) {
  if (choice == DeviceChoice::cpu) return DeviceKind::cpu;
  const CudaSupport cuda = cuda_support();
  if (cuda.devices > 0) return DeviceKind::cuda;
  if (choice == DeviceChoice::cuda)
    throw ConfigError(
        fmt::format("device = cuda, but {}. Or write device: cpu, or auto for the best there is", cuda.reason));
  return DeviceKind::cpu;
}

std::vector<int> usable_processors() { return processors_of(my_seat()); }

std::string processor_ranges(const std::vector<int>& processors) {
  std::string text;
  for (size_t i = 0; i < processors.size();) {
    size_t end = i + 1;
    while (end < processors.size() && processors[end] == processors[end - 1] + 1) ++end;
    if (!text.empty()) text += ",";
    text += end - i == 1 ? fmt::format("{}", processors[i]) : fmt::format("{}-{}", processors[i], processors[end - 1]);
    i = end;
  }
  return text;
}

int thread_share(const std::vector<int>& mine, const std::vector<std::vector<int>>& others) {
  double share = 0;
  for (const int processor : mine) {
    int users = 1;
    for (const std::vector<int>& other : others)
      if (std::binary_search(other.begin(), other.end(), processor)) ++users;
    share += 1.0 / users;
  }
  return std::max(1, static_cast<int>(std::floor(share + 1e-6)));  // thirds do not add up to one exactly
}

int threads_within(int processors, double quota) {
  if (quota <= 0) return std::max(1, processors);
  return std::max(1, std::min(processors, static_cast<int>(std::ceil(quota - 1e-6))));
}

std::string processors_text() {
  const size_t count = usable_processors().size();
  std::string text = fmt::format("{} {}", count, count == 1 ? "processor" : "processors");
  const std::vector<CpuQuota> quotas = cpu_quotas();
  const auto smallest = std::min_element(quotas.begin(), quotas.end(),
                                         [](const CpuQuota& a, const CpuQuota& b) { return a.cpus < b.cpus; });
  if (smallest != quotas.end())
    text += fmt::format(", of whose time its cgroup may use {:.3g} ({})", smallest->cpus, smallest->folder);
  return text;
}

int threads_per_rank(const Config& config, Communicator& communicator) {
  const Seat mine = my_seat();
  std::vector<Seat> seats(static_cast<size_t>(communicator.size()));
  communicator.all_gather_host(seats.data(), &mine, sizeof mine);
  std::vector<std::vector<int>> processors;
  std::vector<std::vector<CpuQuota>> quotas;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    const Seat& other = seats[static_cast<size_t>(rank)];
    if (rank == communicator.rank() || other.host != mine.host) continue;
    processors.push_back(processors_of(other));
    quotas.push_back(quotas_of(other));
  }
  const double quota = quota_share(quotas_of(mine), quotas);
  if (!config.parallel.threads.value) return threads_within(thread_share(processors_of(mine), processors), quota);
  const int threads = static_cast<int>(*config.parallel.threads.value);
  if (threads > threads_within(threads, quota) && communicator.rank() == 0)
    logging::warn(
        "parallel.threads = {}, but their cgroup leaves each rank the time of {:.3g} processors: the system stops its "
        "threads for the rest of each period; parallel.threads: auto takes {}",
        threads, quota, threads_within(threads, quota));
  return threads;
}

int cuda_ordinal(Communicator& communicator) { return communicator.local_rank() % cuda_support().devices; }

std::unique_ptr<Device> make_device(const Config& config, Communicator& communicator) {
  bind_rank(config, communicator);
  const int threads = threads_per_rank(config, communicator);
  std::unique_ptr<Device> device;
  if (choose_device(config.device) == DeviceKind::cpu) {
    device = cpu::make_cpu_device(threads);
    const CudaSupport cuda = cuda_support();
    if (cuda.in_build && config.device == DeviceChoice::automatic && communicator.rank() == 0) {
      if (cuda.has_driver)
        logging::warn("computing on the CPU: {}", cuda.reason);
      else
        logging::info("computing on the CPU: no NVIDIA driver here");
    }
  } else {
    device = make_cuda_device(cuda_ordinal(communicator), config.precision == Precision::tf32);
  }
  check_own_device(*device, communicator);
  return device;
}

}  // namespace convoy
