// Which thread does which piece of a loop: each has a share of neighbouring pieces; who is through with it takes the
// last piece of whoever has most left (work stealing, Blumofe and Leiserson, J. ACM 46(5), 1999).
//
// Neighbouring pieces lie in neighbouring memory. Threads that take them in turns fetch each other's lines ahead, and
// write what the other has just fetched: attention is 5% slower then.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace convoy::cpu {

class Shares {
 public:
  static constexpr int kMost = 64;  // more threads share shares

  // pieces: fewer than 2^32. A share whose thread never comes is taken by the others.
  Shares(int64_t pieces, int threads) { reset(pieces, threads); }

  // Not while threads take.
  void reset(int64_t pieces, int threads) {
    count_ = std::clamp(threads, 1, kMost);
    for (int i = 0; i < count_; ++i) share(i).packed = Range{pieces * i / count_, pieces * (i + 1) / count_}.packed();
  }

  // The next piece for a thread of the team, from 0; -1: none is left.
  int64_t take(int thread) {
    const int64_t own = take_from(share(thread % count_), /*first=*/true);
    return own >= 0 ? own : steal();
  }

  // What it would take now of its own share; -1: nothing.
  int64_t likely_next(int thread) {
    const Range range = left_in(share(thread % count_));
    return range.size() > 0 ? range.begin : -1;
  }

 private:
  struct Range {
    int64_t begin, end;

    static Range unpacked(uint64_t packed) {
      return {static_cast<int64_t>(packed >> 32), static_cast<int64_t>(packed & 0xffffffffu)};
    }
    uint64_t packed() const { return static_cast<uint64_t>(begin) << 32 | static_cast<uint64_t>(end); }
    int64_t size() const { return end - begin; }
  };
  struct alignas(64) Share {
    uint64_t packed;  // Range
  };
  using Atomic = std::atomic_ref<uint64_t>;

  Share& share(int index) { return shares_[static_cast<size_t>(index)]; }
  static Range left_in(Share& share) { return Range::unpacked(Atomic(share.packed).load(std::memory_order_relaxed)); }

  static int64_t take_from(Share& share, bool first) {
    uint64_t packed = Atomic(share.packed).load(std::memory_order_relaxed);
    for (;;) {
      Range range = Range::unpacked(packed);
      if (range.size() == 0) return -1;
      const int64_t taken = first ? range.begin++ : --range.end;
      if (Atomic(share.packed).compare_exchange_weak(packed, range.packed(), std::memory_order_relaxed)) return taken;
    }
  }

  int64_t steal() {
    for (;;) {
      Share* longest = &share(0);
      for (int i = 1; i < count_; ++i)
        if (left_in(share(i)).size() > left_in(*longest).size()) longest = &share(i);
      if (left_in(*longest).size() == 0) return -1;
      if (const int64_t taken = take_from(*longest, /*first=*/false); taken >= 0) return taken;
    }
  }

  int count_ = 0;
  std::array<Share, kMost> shares_;  // the first count_ are set
};

}  // namespace convoy::cpu
