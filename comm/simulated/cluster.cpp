#include "comm/simulated/cluster.h"

#include <algorithm>
#include <bit>

namespace convoy::simulated {
namespace {

// One rank's messages in one call.
class Sender {
 public:
  // Places count from the root.
  Sender(const Cluster& cluster, std::span<const int> group, int place, int root)
      : cluster_(cluster),
        group_(group),
        root_(static_cast<size_t>(root)),
        place_((static_cast<size_t>(place) + group.size() - root_) % group.size()) {
    traffic_.calls = 1;
  }

  void send(size_t to, size_t bytes) {
    const bool near = cluster_.share_node(rank_at(place_), rank_at(to));
    ++traffic_.messages;
    ++traffic_.hops;
    traffic_.bytes += static_cast<int64_t>(bytes);
    if (!near) ++traffic_.off_node_messages;
    if (!near) traffic_.off_node_bytes += static_cast<int64_t>(bytes);
    const Link& link = near ? cluster_.within : cluster_.between;
    traffic_.seconds += link.latency_s + static_cast<double>(bytes) / link.bytes_per_s;
  }
  void to_each(size_t bytes) {
    for (size_t to = 0; to < group_.size(); ++to)
      if (to != place_) send(to, bytes);
  }
  void round_ring(size_t bytes) {
    for (size_t step = 1; step < group_.size(); ++step) send((place_ + 1) % group_.size(), bytes);
  }
  // Places are a heap's: the parent of p is (p - 1) / 2.
  void down_tree(size_t bytes) {
    for (const size_t child : {2 * place_ + 1, 2 * place_ + 2})
      if (child < group_.size()) send(child, bytes);
    wait_for_levels();
  }
  void up_tree(size_t bytes) {
    if (place_ > 0) send((place_ - 1) / 2, bytes);
    wait_for_levels();
  }

  const Traffic& traffic() const { return traffic_; }

 private:
  int rank_at(size_t place) const { return group_[(place + root_) % group_.size()]; }

  // Whoever has few messages in a tree still waits for as many as it is deep.
  void wait_for_levels() {
    waits_ += std::bit_width(group_.size()) - 1;
    const int64_t more = std::max<int64_t>(waits_ - traffic_.hops, 0);
    traffic_.hops += more;
    traffic_.seconds += static_cast<double>(more) * cluster_.between.latency_s;
  }

  const Cluster& cluster_;
  const std::span<const int> group_;
  const size_t root_, place_;
  int64_t waits_ = 0;
  Traffic traffic_;
};

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) {
  calls += other.calls;
  messages += other.messages;
  off_node_messages += other.off_node_messages;
  bytes += other.bytes;
  off_node_bytes += other.off_node_bytes;
  hops += other.hops;
  seconds += other.seconds;
  return *this;
}

Traffic traffic_of(const Cluster& cluster, Collective what, std::span<const int> group, int place, size_t bytes,
                   int root) {
  Sender sender(cluster, group, place, root);
  const size_t part = bytes / group.size();
  switch (what) {
    case Collective::all_to_all:
      sender.to_each(part);
      break;
    case Collective::all_gather:
    case Collective::reduce_scatter:
      sender.round_ring(part);
      break;
    case Collective::broadcast:
      sender.down_tree(bytes);
      break;
    case Collective::all_reduce:
      if (bytes < kSmall) {
        sender.up_tree(bytes);
        sender.down_tree(bytes);
      } else {
        sender.round_ring(part);
        sender.round_ring(part);
      }
      break;
  }
  return sender.traffic();
}

}  // namespace convoy::simulated
