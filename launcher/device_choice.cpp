#include "launcher/device_choice.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "comm/failure_report.h"
#include "core/base/error.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

constexpr int kMaxProcessors = 8 * CPU_SETSIZE;

// What ranks tell each other, as bytes.
struct Seat {
  std::array<char, 256> host = {};
  std::array<cpu_set_t, 8> processors = {};
};

Seat my_seat() {
  Seat seat;
  std::strncpy(seat.host.data(), host_name().c_str(), seat.host.size() - 1);
  if (sched_getaffinity(0, sizeof seat.processors, seat.processors.data()) != 0)
    throw InternalError(fmt::format("sched_getaffinity failed: {}; set parallel.threads", std::strerror(errno)));
  return seat;
}

std::vector<int> processors_of(const Seat& seat) {
  std::vector<int> processors;
  for (int i = 0; i < kMaxProcessors; ++i)
    if (CPU_ISSET_S(i, sizeof seat.processors, seat.processors.data())) processors.push_back(i);
  return processors;
}

}  // namespace

DeviceKind choose_device(DeviceChoice choice) {
  if (choice == DeviceChoice::cuda)
    throw ConfigError(
        "device = cuda, but this build has no CUDA device; write device: cpu, or auto for the best there is");
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

int threads_per_rank(const Config& config, Communicator& communicator) {
  const Seat mine = my_seat();
  std::vector<Seat> seats(static_cast<size_t>(communicator.size()));
  communicator.all_gather_host(seats.data(), &mine, sizeof mine);
  if (config.parallel.threads.value) return static_cast<int>(*config.parallel.threads.value);
  std::vector<std::vector<int>> others;
  for (int rank = 0; rank < communicator.size(); ++rank)
    if (rank != communicator.rank() && seats[rank].host == mine.host) others.push_back(processors_of(seats[rank]));
  return thread_share(processors_of(mine), others);
}

std::unique_ptr<Device> make_device(const Config& config, Communicator& communicator) {
  choose_device(config.device);
  return cpu::make_cpu_device(threads_per_rank(config, communicator));
}

}  // namespace convoy
