// What a rank lets the others know about itself: a plain record of fixed size that lies in memory of its machine, so
// that it can be read when the rank itself is stopped, stuck or dead.
//
// Times are microseconds of the system clock since 1970, as people of different hosts compare them, unless they are
// said to be of the machine's clock, which no clock synchronisation moves and other hosts do not know.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace convoy::hang {

inline int64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

inline int64_t machine_now_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// Text of at most N - 1 bytes; longer text is cut.
template <size_t N>
class FixedText {
 public:
  FixedText() = default;
  FixedText(std::string_view text) { std::copy_n(text.begin(), std::min(text.size(), N - 1), bytes_.begin()); }
  FixedText(const char* text) : FixedText(std::string_view(text)) {}
  // Of a record that may be damaged: never reads past its end.
  std::string_view view() const {
    return {bytes_.data(), static_cast<size_t>(std::find(bytes_.begin(), bytes_.end(), '\0') - bytes_.begin())};
  }
  bool operator==(const FixedText& other) const { return view() == other.view(); }

 private:
  std::array<char, N> bytes_{};
};

struct CollectiveState {
  uint64_t order = 0;  // in its lane, from 1; 0: there has been none
  uint64_t bytes = 0;
  int64_t step = -1;                    // -1: outside of a step
  int64_t entered_us = 0, left_us = 0;  // left 0: still in it
  FixedText<24> what;                   // "all_reduce"
  FixedText<56> label;                  // layer or bucket

  bool in_flight() const { return order > 0 && left_us == 0; }
};

// "all_reduce #41 of 4096 bytes, step 12, gradient bucket 3 of 7"
std::string describe(const CollectiveState& collective);
// The same without its number, as a watchdog says it of its own rank.
std::string describe_unnumbered(const CollectiveState& collective);

// Collectives that every rank of a group calls in one order: those of its streams, and those of its host operations.
struct LaneState {
  FixedText<48> name;          // the same on every rank of the group, and of no other lane; empty: no lane
  int32_t rank = 0, size = 0;  // in the group
  CollectiveState last;
};

struct RankState {
  static constexpr uint64_t kFormat = 0x0033'7961'776e'6f63;  // another layout gets another number
  static constexpr size_t kLanes = 64, kRecent = 8;

  uint64_t format = kFormat;
  int32_t rank = 0, size = 0;
  FixedText<64> host;
  int64_t pid = 0;
  uint64_t pid_space = 0;       // where that number means this process: containers on one host have their own
  int64_t beat_us = 0;          // the last sign of life
  int64_t machine_beat_us = 0;  // the same by the machine's clock
  int64_t step = -1;            // what the collectives to come are called
  FixedText<56> label;
  std::array<CollectiveState, kRecent> recent;  // a ring of those that finished
  uint64_t recent_count = 0;                    // in all
  std::array<LaneState, kLanes> lanes;          // the lowest numbers first

  // Null if the rank has no such lane.
  const LaneState* lane(std::string_view name) const;
  // What it has been in for the longest time; null if in none.
  const LaneState* oldest_in_flight() const;
  // What it left last; order 0 if none.
  CollectiveState last_finished() const;
  // When it entered or left a collective last; 0: never.
  int64_t last_progress_us() const;
};
static_assert(std::is_trivially_copyable_v<RankState>);

}  // namespace convoy::hang
