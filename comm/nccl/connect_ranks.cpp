#include "comm/nccl/connect_ranks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "comm/failure_report.h"
#include "comm/nccl/nccl_check.h"

namespace convoy::nccl {
namespace {

// What ranks tell each other, as bytes.
struct Seat {
  std::array<char, 256> host = {};
  cudaUUID_t device = {};
};

struct Arrival {
  ncclResult_t state = ncclSuccess;
  std::array<char, 256> host = {};
  std::array<char, 256> reason = {};
};

template <size_t Size>
void put(std::array<char, Size>& place, const std::string& text) {
  std::copy_n(text.begin(), std::min(text.size(), Size - 1), place.begin());
}

template <class Told>
std::vector<Told> tell_all(Communicator& host, const Told& mine) {
  std::vector<Told> all(static_cast<size_t>(host.size()));
  host.all_gather_host(all.data(), &mine, sizeof mine);
  return all;
}

bool same_device(const Seat& a, const Seat& b) {
  return a.host == b.host && std::memcmp(&a.device, &b.device, sizeof a.device) == 0;
}

void require_one_device_each(Communicator& host, int cuda_ordinal) {
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaGetDeviceProperties(&properties, cuda_ordinal));
  Seat mine{.device = properties.uuid};
  put(mine.host, host_name());
  const std::vector<Seat> seats = tell_all(host, mine);
  for (size_t b = 0; b < seats.size(); ++b)
    for (size_t a = 0; a < b; ++a)
      if (same_device(seats[a], seats[b]))
        throw ConfigError(fmt::format(
            "ranks {} and {} use the same GPU of {}, NCCL wants one for each rank; start no more ranks on a machine "
            "than it has GPUs, and let each rank see its own or all of them (CUDA_VISIBLE_DEVICES)",
            a, b, seats[a].host.data()));
}

std::string text_of(size_t rank, const Arrival& arrival) {
  return fmt::format("rank {} on {}: {}", rank, arrival.host.data(), arrival.reason.data());
}

// Ranks with an error of their own are the reason why others still wait: where there are any, only they are named.
void require_all_connected(Communicator& host, ncclResult_t mine, double timeout_s) {
  Arrival arrival{.state = mine};
  put(arrival.host, host_name());
  put(arrival.reason, mine == ncclInProgress ? "not connected" : explain(mine));
  const std::vector<Arrival> arrivals = tell_all(host, arrival);
  std::vector<std::string> broken, missing;
  for (size_t r = 0; r < arrivals.size(); ++r) {
    if (failed(arrivals[r].state)) broken.push_back(text_of(r, arrivals[r]));
    if (arrivals[r].state == ncclInProgress) missing.push_back(text_of(r, arrivals[r]));
  }
  if (!broken.empty())
    throw InternalError(fmt::format("NCCL could not connect {} ranks: {}. NCCL_DEBUG=INFO tells more", arrivals.size(),
                                    fmt::join(broken, "; ")));
  if (!missing.empty())
    throw TimeoutError(fmt::format(
        "NCCL did not connect {} ranks within parallel.timeout_s = {}: {}. Let NCCL_SOCKET_IFNAME name the network "
        "that joins the machines, look for firewalls between them; NCCL_DEBUG=INFO tells more",
        arrivals.size(), timeout_s, fmt::join(missing, "; ")));
}

}  // namespace

std::unique_ptr<NcclGroup> connect_ranks(Communicator& host, const NcclOptions& options) {
  host.label(-1, "start of NCCL");
  require_one_device_each(host, options.cuda_ordinal);
  ncclUniqueId id{};
  if (host.rank() == 0) NCCL_CHECK(ncclGetUniqueId(&id));
  host.broadcast_host(&id, sizeof id, 0);
  auto group = std::make_unique<NcclGroup>(id, NcclGroup::Place{host.rank(), host.size(), options.cuda_ordinal});
  require_all_connected(host, group->settle(Deadline(options.timeout_s)), options.timeout_s);
  return group;
}

std::unique_ptr<NcclGroup> connect_part(NcclGroup& whole, int color, Communicator& host, const NcclOptions& options) {
  const Deadline deadline(options.timeout_s);
  auto part =
      std::make_unique<NcclGroup>(whole, color, NcclGroup::Place{host.rank(), host.size(), options.cuda_ordinal});
  ncclResult_t state = whole.settle(deadline);
  if (state == ncclSuccess) state = part->settle(deadline);
  require_all_connected(host, state, options.timeout_s);
  return part;
}

}  // namespace convoy::nccl
