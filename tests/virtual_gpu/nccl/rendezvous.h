// How ranks find each other by a unique id.
//
// The process that makes an id listens, from then on, on a socket of that (abstract) name. Every rank connects and says
// who it is; once all are there each is handed the memory they share, and the id is used up. If a rank goes away
// before, or two disagree, all are told.
#pragma once
#include <nccl.h>

#include <atomic>
#include <stdexcept>
#include <string>

namespace convoy::virtual_nccl {
struct RendezvousError : std::runtime_error {
  RendezvousError(ncclResult_t c, const std::string& message) : std::runtime_error(message), code(c) {}
  ncclResult_t code;
};

// A new id, and a thread of this process that serves it. Throws RendezvousError.
ncclUniqueId make_unique_id();

// Meets the other ranks and returns the file of their shared memory; -1 as soon as `stop` is set. `device` is that of
// this process: two ranks cannot share one. Throws RendezvousError.
int meet(const ncclUniqueId& id, int rank, int ranks, int device, const std::atomic<bool>& stop);
}  // namespace convoy::virtual_nccl
