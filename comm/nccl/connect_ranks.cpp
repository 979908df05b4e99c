#include "comm/nccl/connect_ranks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "comm/failure_report.h"
#include "comm/nccl/nccl_check.h"
#include "core/base/integers.h"

namespace convoy::nccl {
namespace {

constexpr size_t kNamed = 8;  // ranks that are not connected

// What ranks of a machine tell each other, as bytes.
struct Seat {
  int rank = 0;
  cudaUUID_t device = {};
};

template <class Told>
std::vector<Told> tell_all(Communicator& host, const Told& mine) {
  std::vector<Told> all(static_cast<size_t>(host.size()));
  host.all_gather_host(all.data(), &mine, sizeof mine);
  return all;
}

// Two ranks of this machine with one GPU, in words; empty: each has its own.
std::string shared_device(Communicator& host, int cuda_ordinal) {
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaGetDeviceProperties(&properties, cuda_ordinal));
  const std::vector<Seat> seats = tell_all(*host.machine_ranks(), Seat{host.rank(), properties.uuid});
  for (size_t b = 0; b < seats.size(); ++b)
    for (size_t a = 0; a < b; ++a)
      if (std::memcmp(&seats[a].device, &seats[b].device, sizeof seats[a].device) == 0)
        return fmt::format(
            "ranks {} and {} use the same GPU of {}, NCCL wants one for each rank; start no more ranks on a machine "
            "than it has GPUs, and let each rank see its own or all of them (CUDA_VISIBLE_DEVICES)",
            seats[a].rank, seats[b].rank, host_name());
  return {};
}

// The same error on every rank: the lowest's that has one.
void require_one_device_each(Communicator& host, int cuda_ordinal) {
  const std::string mine = shared_device(host, cuda_ordinal);
  const std::vector<char> shared = tell_all(host, static_cast<char>(!mine.empty()));
  const auto first = std::find(shared.begin(), shared.end(), 1);
  if (first != shared.end()) throw ConfigError(host.broadcast_text(mine, static_cast<int>(first - shared.begin())));
}

// "rank 3 on node-7: not connected; rank 5 on ..." of those for which it is true.
std::string text_of(Communicator& host, const std::vector<ncclResult_t>& states,
                    const std::function<bool(ncclResult_t)>& is_meant) {
  const auto mine = states[static_cast<size_t>(host.rank())];
  const std::string reason = fmt::format("rank {} on {}: {}", host.rank(), host_name(),
                                         mine == ncclInProgress ? "not connected" : explain(mine));
  std::vector<std::string> texts;
  size_t more = 0;
  for (size_t r = 0; r < states.size(); ++r) {
    if (!is_meant(states[r])) continue;
    if (texts.size() < kNamed)
      texts.push_back(host.broadcast_text(reason, static_cast<int>(r)));
    else
      ++more;
  }
  return fmt::format("{}{}", fmt::join(texts, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

// Ranks with an error of their own are the reason why others still wait: where there are any, only they are named.
void require_all_connected(Communicator& host, ncclResult_t mine, double timeout_s) {
  const std::vector<ncclResult_t> states = tell_all(host, mine);
  const std::string broken = text_of(host, states, failed);
  if (!broken.empty())
    throw InternalError(
        fmt::format("NCCL could not connect {} ranks: {}. NCCL_DEBUG=INFO tells more", states.size(), broken));
  const std::string missing = text_of(host, states, [](ncclResult_t state) { return state == ncclInProgress; });
  if (!missing.empty())
    throw TimeoutError(fmt::format(
        "NCCL did not connect {} ranks within parallel.timeout_s = {}: {}. Let NCCL_SOCKET_IFNAME name the network "
        "that joins the machines, look for firewalls between them; NCCL_DEBUG=INFO tells more",
        states.size(), timeout_s, missing));
}

// Those of the ranks that gather others, one for so many.
std::vector<ncclUniqueId> tell_roots(Communicator& host, int ranks_of_a_root) {
  const int roots = can_have_many_roots() ? static_cast<int>(ceil_div(host.size(), ranks_of_a_root)) : 1;
  std::vector<ncclUniqueId> ids(static_cast<size_t>(roots));
  for (int i = 0; i < roots; ++i) {
    const auto root = static_cast<int>(int64_t{i} * host.size() / roots);
    if (host.rank() == root) NCCL_CHECK(ncclGetUniqueId(&ids[static_cast<size_t>(i)]));
  }
  for (int i = 0; i < roots; ++i)
    host.broadcast_host(&ids[static_cast<size_t>(i)], sizeof(ncclUniqueId),
                        static_cast<int>(int64_t{i} * host.size() / roots));
  return ids;
}

}  // namespace

std::unique_ptr<NcclGroup> connect_ranks(Communicator& host, const NcclOptions& options) {
  host.label(-1, "start of NCCL");
  require_one_device_each(host, options.cuda_ordinal);
  const std::vector<ncclUniqueId> ids = tell_roots(host, options.ranks_of_a_root);
  auto group = std::make_unique<NcclGroup>(ids, NcclGroup::Place{host.rank(), host.size(), options.cuda_ordinal});
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
