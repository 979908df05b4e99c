// A cluster that need not be there: ranks on nodes, what joins them, and what a rank sends in each collective.
//
// Collectives are counted as a library does them: all-to-alls in pairs, one message to each other rank of the group;
// gathers and scatters round a ring, in the group's order; an all-reduce as both, or, of less than kSmall bytes, up and
// down a binary tree, as a broadcast goes down one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace convoy::simulated {

// latency_s: of a message, from its sending until its use.
struct Link {
  double latency_s = 0, bytes_per_s = 1;
};

struct Cluster {
  int node_ranks = 8;  // ranks r with equal r / node_ranks share a node
  Link within{3e-6, 450e9}, between{10e-6, 50e9};

  bool share_node(int a, int b) const { return a / node_ranks == b / node_ranks; }
};

// What one rank sends.
struct Traffic {
  int64_t calls = 0;
  int64_t messages = 0, off_node_messages = 0;
  int64_t bytes = 0, off_node_bytes = 0;
  int64_t hops = 0;    // messages that wait for each other
  double seconds = 0;  // of the hops, by the links

  Traffic& operator+=(const Traffic& other);
};

inline constexpr size_t kSmall = 65536;

enum class Collective { all_reduce, all_gather, all_to_all, reduce_scatter, broadcast };

// Of rank group[place] in one call. bytes: of the call's larger tensor, on one rank. group: ranks of the cluster, in
// the group's order. root: of a broadcast.
Traffic traffic_of(const Cluster& cluster, Collective what, std::span<const int> group, int place, size_t bytes,
                   int root = 0);

}  // namespace convoy::simulated
