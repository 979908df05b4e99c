#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/exchange.h"
#include "tests/virtual_gpu/nccl/reduction.h"

namespace convoy::virtual_nccl {
namespace {
uint64_t bit(int rank) { return uint64_t{1} << rank; }

bool same_collective(const Claim& a, const Claim& b) {
  const Request &x = a.request, &y = b.request;
  const bool same_reduction =
      !reduces(x.kind) || (x.reduction.op == y.reduction.op && x.reduction.premultiplied == y.reduction.premultiplied);
  return a.number == b.number && x.kind == y.kind && x.count == y.count && x.type == y.type && x.root == y.root &&
         same_reduction;
}

std::string describe(int rank, const Claim& claim) {
  return text("rank ", rank, ": collective ", claim.number, ", ", describe(claim.request));
}
}  // namespace

CollectiveExchange::CollectiveExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number)
    : segment_(segment),
      rank_(rank),
      ranks_(segment.ranks()),
      resolved_(resolved),
      claim_{number, resolved.request},
      element_bytes_(element_bytes(resolved.request.type)) {
  const uint64_t blocks = input_is_blocks(resolved.request.kind) ? ranks_ : 1;
  elements_per_round_ = kChunkBytes / element_bytes_ / blocks;
  // One round at least: ranks that disagree about a count of 0 have to notice.
  rounds_ = std::max<uint64_t>(1, (resolved.request.count + elements_per_round_ - 1) / elements_per_round_);
}

uint64_t CollectiveExchange::slice_offset() const { return round_ * elements_per_round_; }
uint64_t CollectiveExchange::slice_elements() const {
  return std::min(elements_per_round_, resolved_.request.count - slice_offset());
}

bool CollectiveExchange::may_publish() const {
  const uint64_t round = first_round_ + round_;
  for (int r = 0; r < ranks_; ++r)
    if (segment_.rank(r).rounds_read + 2 <= round) return false;
  return true;
}

void CollectiveExchange::publish() {
  const uint64_t round = first_round_ + round_;
  const Request& request = resolved_.request;
  if (resolved_.input) {
    const size_t bytes = slice_elements() * element_bytes_;
    const int blocks = input_is_blocks(request.kind) ? ranks_ : 1;
    std::byte* chunk = segment_.chunk(rank_, round);
    for (int b = 0; b < blocks; ++b)
      memcpy(chunk + b * bytes, resolved_.input + (b * request.count + slice_offset()) * element_bytes_, bytes);
    if (request.reduction.premultiplied)
      multiply(request.type, &request.reduction.scale_bits, blocks * slice_elements(), chunk);
  }
  RankState& state = segment_.rank(rank_);
  state.claims[round % 2] = claim_;
  state.rounds_published = round + 1;
  published_ = true;
  compared_ = bit(rank_);
  segment_.ring_all();
}

bool CollectiveExchange::claims_agree() {
  const uint64_t round = first_round_ + round_;
  for (int r = 0; r < ranks_; ++r) {
    if (compared_ & bit(r) || segment_.rank(r).rounds_published <= round) continue;
    const Claim& claim = segment_.rank(r).claims[round % 2];
    if (!same_collective(claim_, claim)) {
      const bool first = rank_ < r;
      segment_.fail(
          -1, text("the ranks disagree about a collective. ", describe(first ? rank_ : r, first ? claim_ : claim), "; ",
                   describe(first ? r : rank_, first ? claim : claim_)));
      return false;
    }
    compared_ |= bit(r);
  }
  return true;
}

bool CollectiveExchange::all_published() const { return compared_ == (ranks_ == 64 ? ~uint64_t{0} : bit(ranks_) - 1); }

void CollectiveExchange::consume() {
  const uint64_t round = first_round_ + round_;
  const Request& request = resolved_.request;
  if (resolved_.output) {
    const size_t bytes = slice_elements() * element_bytes_;
    const size_t own_block = input_is_blocks(request.kind) ? rank_ * bytes : 0;
    std::byte* output = resolved_.output + slice_offset() * element_bytes_;
    if (reduces(request.kind)) {
      std::vector<const std::byte*> parts;
      for (int r = 0; r < ranks_; ++r) parts.push_back(segment_.chunk(r, round) + own_block);
      reduce_parts(request.type, request.reduction.op, parts, slice_elements(), output);
    } else if (output_is_blocks(request.kind)) {
      for (int r = 0; r < ranks_; ++r)
        memcpy(output + r * request.count * element_bytes_, segment_.chunk(r, round) + own_block, bytes);
    } else {
      memcpy(output, segment_.chunk(request.root, round) + own_block, bytes);
    }
  }
  segment_.rank(rank_).rounds_read = round + 1;
  published_ = false;
  ++round_;
  segment_.ring_all();
}

bool CollectiveExchange::advance() {
  if (!begun_) first_round_ = segment_.rank(rank_).rounds_published;
  begun_ = true;
  bool changed = false;
  while (!finished()) {
    if (!published_) {
      if (!may_publish()) break;
      publish();
    } else {
      if (!claims_agree() || !all_published()) break;
      consume();
    }
    changed = true;
  }
  return changed;
}

uint64_t CollectiveExchange::waits_for() const {
  uint64_t mask = 0;
  for (int r = 0; r < ranks_; ++r) {
    const RankState& state = segment_.rank(r);
    const uint64_t round = first_round_ + round_;
    if (published_ ? state.rounds_published <= round : state.rounds_read + 2 <= round) mask |= bit(r);
  }
  return mask;
}
}  // namespace convoy::virtual_nccl
