#include "tests/virtual_gpu/nccl/split.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/rendezvous.h"

namespace convoy::virtual_nccl {
namespace {
// Waits until `reached(r)` holds for all of `ranks`; false when told to stop.
bool await(Segment& parent, const std::vector<int>& ranks, const std::function<bool(RankState&)>& reached,
           const std::atomic<bool>& stop) {
  for (const int r : ranks)
    while (!reached(parent.rank(r))) {
      if (stop) return false;
      parent.check_alive(r);
      const Presence presence = parent.rank(r).presence;
      if (presence == Presence::dead || (presence == Presence::left && !reached(parent.rank(r))))
        throw RendezvousError(ncclRemoteError, text("rank ", r, " has gone during ncclCommSplit"));
      if (const Failure* failure = parent.failure()) throw RendezvousError(ncclRemoteError, failure->message);
      usleep(500);
    }
  return true;
}

std::vector<int> members_of(Segment& parent, int color) {
  std::vector<int> members;
  for (int r = 0; r < parent.ranks(); ++r)
    if (parent.rank(r).split.color == color) members.push_back(r);
  std::stable_sort(members.begin(), members.end(),
                   [&](int a, int b) { return parent.rank(a).split.key < parent.rank(b).split.key; });
  return members;
}
}  // namespace

Membership meet_by_color(Segment& parent, int rank, int device, const SplitWish& wish, const std::atomic<bool>& stop) {
  auto& mine = parent.rank(rank).split;
  std::vector<int> all(parent.ranks());
  for (int r = 0; r < parent.ranks(); ++r) all[r] = r;
  // The places of the split before are written over once everybody has read them.
  if (!await(
          parent, all, [&](RankState& s) { return s.split.finished + 1 >= wish.number; }, stop))
    return {};
  mine.color = wish.color;
  mine.key = wish.key;
  mine.told = wish.number;
  if (wish.color == NCCL_SPLIT_NOCOLOR) {
    mine.finished = wish.number;
    return {};
  }
  if (!await(
          parent, all, [&](RankState& s) { return s.split.told >= wish.number; }, stop))
    return {};
  const std::vector<int> members = members_of(parent, wish.color);
  const int leader = members[0];
  ncclUniqueId id;
  if (leader == rank) {
    id = make_unique_id();
    memcpy(mine.id, id.internal, sizeof mine.id);
    mine.named = wish.number;
  } else {
    if (!await(
            parent, {leader}, [&](RankState& s) { return s.split.named >= wish.number; }, stop))
      return {};
    memcpy(id.internal, parent.rank(leader).split.id, sizeof id.internal);
  }
  mine.finished = wish.number;
  Membership result;
  result.rank = static_cast<int>(std::find(members.begin(), members.end(), rank) - members.begin());
  result.ranks = static_cast<int>(members.size());
  result.file = meet(id, result.rank, result.ranks, device, stop);
  return result;
}
}  // namespace convoy::virtual_nccl
