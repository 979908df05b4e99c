// What a communicator of this rank did last and what it is doing: for the watchdog, and for whoever explains a hang.
//
// Thread-safe. Allocates nothing after construction while at most kInFlight collectives run at once. What it is told is
// published for the other ranks too, where it has been given a publisher.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

namespace hang {
class StatePublisher;
}

// Collectives of one channel are called in the same order on every rank; those of the two may interleave as they like.
enum class Channel : uint8_t { stream, host };

struct CollectiveLabel {
  int64_t step = -1;            // -1: outside of a step
  std::array<char, 56> what{};  // layer or bucket; ends with a zero, cut if longer

  CollectiveLabel() = default;
  CollectiveLabel(int64_t step, std::string_view what);
};

struct CollectiveRecord {
  using Time = std::chrono::steady_clock::time_point;

  uint64_t number = 0;    // in the order of entering, from 0
  const char* what = "";  // "all_reduce": a literal
  size_t bytes = 0;
  CollectiveLabel label;
  Time entered;
  Time left;  // Time{} while in flight
  Channel channel = Channel::stream;
};

// "all_reduce of 4194304 bytes, step 12, bucket 3 of 7"
std::string describe(const CollectiveRecord& record);

class CollectiveLog {
 public:
  static constexpr size_t kInFlight = 8;

  // Remembers the last `kept` that finished, and all that have not.
  explicit CollectiveLog(size_t kept = 256);
  ~CollectiveLog();
  CollectiveLog(const CollectiveLog&) = delete;
  CollectiveLog& operator=(const CollectiveLog&) = delete;

  // From now on the other ranks can see it, under a name that is the same on every rank of the group and of no other
  // group. rank, size: in the group. Once, before the first collective.
  void publish(std::shared_ptr<hang::StatePublisher> publisher, const std::string& group, int rank, int size);

  void set_label(int64_t step, std::string_view what);
  CollectiveLabel label() const;

  // The number to leave with.
  uint64_t enter(const char* what, size_t bytes, const CollectiveLabel& label, Channel channel = Channel::stream);
  void leave(uint64_t number);

  std::optional<CollectiveRecord> oldest_in_flight() const;
  // The last that finished, oldest first, then those in flight.
  std::vector<CollectiveRecord> recent() const;

 private:
  mutable std::mutex mutex_;
  CollectiveLabel label_;
  uint64_t entered_ = 0;                             // in all
  std::vector<CollectiveRecord> in_flight_;          // in the order of entering
  std::vector<CollectiveRecord> finished_;           // a ring
  size_t finished_count_ = 0;                        // in all
  std::shared_ptr<hang::StatePublisher> publisher_;  // null: not published
  std::array<int, 2> lanes_{-1, -1};                 // the publisher's, by channel
};

// Describes the last that finished; "none" if none has.
std::string last_finished(const CollectiveLog& log);

// In flight from construction to destruction, however that comes about.
class CollectiveScope {
 public:
  CollectiveScope(CollectiveLog& log, const char* what, size_t bytes, const CollectiveLabel& label,
                  Channel channel = Channel::stream)
      : log_(log), number_(log.enter(what, bytes, label, channel)) {}
  ~CollectiveScope() { log_.leave(number_); }
  CollectiveScope(const CollectiveScope&) = delete;
  CollectiveScope& operator=(const CollectiveScope&) = delete;

 private:
  CollectiveLog& log_;
  uint64_t number_;
};

}  // namespace convoy
