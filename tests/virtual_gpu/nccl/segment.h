// The memory that the ranks of one communicator share, within a process and between processes.
//
// It is an anonymous memfd, handed over a socket when the ranks meet: it has no name, so that nothing is left behind
// however a process ends. All counters only grow. Whoever changes what others may wait for rings their doorbell.
#pragma once
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/virtual_gpu/nccl/request.h"

namespace convoy::virtual_nccl {
inline constexpr int kMaxRanks = 64;                      // the bits of a mask
inline constexpr size_t kChunkBytes = size_t{4} << 20;    // what a rank contributes to one round of a collective
inline constexpr size_t kPieceBytes = size_t{256} << 10;  // of a message between two ranks

enum class Presence : uint32_t { expected, present, left, dead };

// A collective as one rank understands it, for comparison.
struct Claim {
  uint64_t number = 0;  // of the communicator's collectives, or of the pair's messages, from 1
  Request request = {};
};

// One rank's public state. Written by its own progress thread, except `presence` of the dead, and the doorbell.
struct RankState {
  pthread_mutex_t alive;  // robust; held by the rank's progress thread: the system frees it when the process dies
  std::atomic<Presence> presence;
  std::atomic<uint32_t> doorbell, asleep;
  std::atomic<uint64_t> rounds_published, rounds_read;
  Claim claims[2];                        // of round n in n % 2, as is its chunk
  std::atomic<uint64_t> waits_for;        // mask of ranks without which the task that runs now cannot go on
  std::atomic<uint64_t> changes, passes;  // of its progress thread: passes that changed something, and all of them
  std::atomic<bool> gave_up;              // dropped its tasks after a failure
  char doing[160];                        // the task that runs now
  struct {                                // ncclCommSplit
    std::atomic<uint64_t> told, named, finished;  // number of the last split that got so far
    int color, key;
    char id[128];
  } split;
};

// What one rank sends to another, piece by piece.
struct Mailbox {
  std::atomic<uint64_t> sent, taken;  // pieces
  Claim claim;
};

struct Failure {
  std::atomic<uint32_t> state;  // 0 none, 1 being written, 2 valid
  int rank;                     // who failed, -1: the program misuses the communicator on all of them
  char message[1024];
};

class Segment {
 public:
  // A memfd for so many ranks, initialised; -1 with errno set if the system refuses.
  static int create(int ranks);

  // Maps and closes it. Throws std::runtime_error if it cannot be mapped.
  Segment(int memory_file, int ranks);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  int ranks() const { return ranks_; }
  RankState& rank(int r) { return states()[r]; }
  std::byte* chunk(int r, uint64_t round);
  Mailbox& mailbox(int source, int destination);
  std::byte* piece(int source, int destination);

  // The first failure wins; later ones are dropped. Wakes every rank.
  void fail(int rank, const std::string& message);
  // The failure, or null.
  const Failure* failure() const;

  void ring(int r);
  void ring_all();
  // Sleeps until the doorbell differs from `heard` or the time is over.
  void sleep(int r, uint32_t heard, int milliseconds);

  // To be called by one and the same thread of rank r.
  void enter(int r);
  void leave(int r);
  // Looks whether a rank that is present has died, and marks it if so.
  void check_alive(int r);

 private:
  static void initialise(std::byte* base, int ranks);
  RankState* states() const;

  std::byte* base_ = nullptr;
  int ranks_;
};
}  // namespace convoy::virtual_nccl
