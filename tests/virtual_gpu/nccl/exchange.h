// The movement of data between ranks: one object for each request that runs on one rank.
//
// Nothing here blocks. advance() does what can be done now; what it waits for is other ranks' doing, which rings the
// doorbell. Everything is called by the progress thread of the rank.
#pragma once
#include <memory>
#include <vector>

#include "tests/virtual_gpu/nccl/segment.h"

namespace convoy::virtual_nccl {
// A request with its memory as the host sees it, resolved when the stream has come to it.
struct Resolved {
  Request request;
  const std::byte* input = nullptr;
  std::byte* output = nullptr;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  // Whether anything has changed. A mismatch between ranks becomes the segment's failure.
  virtual bool advance() = 0;
  virtual bool finished() const = 0;
  // Mask of the ranks without which it cannot go on, while it is not finished.
  virtual uint64_t waits_for() const = 0;
  // Of the exchanges of a task that have the same lane, each begins when the one before has finished.
  virtual int lane() const = 0;
};

// Rounds of one chunk per rank: write one's own, read those of the others. A chunk's place is written again two rounds
// later, when all have read it.
class CollectiveExchange final : public Exchange {
 public:
  CollectiveExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number);
  bool advance() override;
  bool finished() const override { return round_ == rounds_; }
  uint64_t waits_for() const override;
  int lane() const override { return -1; }

 private:
  bool may_publish() const;
  void publish();
  bool claims_agree();
  bool all_published() const;
  void consume();
  uint64_t slice_offset() const;  // of this round, in elements of a block
  uint64_t slice_elements() const;

  Segment& segment_;
  int rank_, ranks_;
  Resolved resolved_;
  Claim claim_;
  size_t element_bytes_;
  uint64_t elements_per_round_, rounds_, round_ = 0;
  uint64_t first_round_ = 0;  // what the communicator has counted before
  bool begun_ = false, published_ = false;
  uint64_t compared_ = 0;  // mask of ranks whose claim for this round agrees
};

// A send completes when the receiver has taken all, as NCCL's documentation has it.
class SendExchange final : public Exchange {
 public:
  SendExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number);
  bool advance() override;
  bool finished() const override { return finished_; }
  uint64_t waits_for() const override { return uint64_t{1} << destination_; }
  int lane() const override { return destination_; }

 private:
  Segment& segment_;
  Mailbox& mailbox_;
  std::byte* piece_;
  int destination_;
  Resolved resolved_;
  Claim claim_;
  uint64_t bytes_, sent_ = 0;
  bool any_sent_ = false, finished_ = false;
};

class ReceiveExchange final : public Exchange {
 public:
  ReceiveExchange(Segment& segment, int rank, const Resolved& resolved, uint64_t number);
  bool advance() override;
  bool finished() const override { return finished_; }
  uint64_t waits_for() const override { return uint64_t{1} << source_; }
  int lane() const override { return kMaxRanks + source_; }

 private:
  Segment& segment_;
  Mailbox& mailbox_;
  const std::byte* piece_;
  int rank_, source_;
  Resolved resolved_;
  Claim claim_;
  uint64_t bytes_, taken_ = 0;
  bool finished_ = false;
};

// Numbers that both sides of an exchange count alike.
struct Counters {
  uint64_t collectives = 0;
  std::vector<uint64_t> sent, received;  // messages, by peer
};
std::unique_ptr<Exchange> make_exchange(Segment& segment, int rank, const Resolved& resolved, Counters& counters);
}  // namespace convoy::virtual_nccl
