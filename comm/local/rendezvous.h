// Where the threads of a group meet: a barrier that carries one pointer pair per rank and can be broken.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace convoy {

class Rendezvous {
 public:
  // What a rank lays open to the others until the next meeting.
  struct Buffers {
    const void* in = nullptr;
    void* out = nullptr;
  };

  explicit Rendezvous(int ranks) : buffers_(static_cast<size_t>(ranks)) {}

  // Blocks until every rank has met; after that all see each other's buffers. Throws InternalError once broken.
  void meet(int rank, Buffers mine);
  // The same without changing this rank's buffers: nobody reads them any more after it.
  void meet();
  const Buffers& of(int rank) const { return buffers_[static_cast<size_t>(rank)]; }

  // Everyone who waits or will wait gets an InternalError with this reason.
  void break_up(const std::string& reason);

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  std::vector<Buffers> buffers_;
  size_t waiting_ = 0;
  size_t meetings_ = 0;
  std::string broken_;  // why; empty: it is not
};

}  // namespace convoy
