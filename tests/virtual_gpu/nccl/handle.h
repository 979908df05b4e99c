// What a program's ncclComm_t points to. A handle is never freed, so that the use of one that was destroyed is noticed.
#pragma once
#include <nccl.h>

#include <memory>
#include <vector>

#include "tests/virtual_gpu/nccl/communicator.h"

struct ncclComm {
  std::shared_ptr<convoy::virtual_nccl::Communicator> communicator;  // null once it has ended
  const char* ended_by = nullptr;                                    // the call
  bool finalized = false;
  std::vector<convoy::virtual_nccl::Reduction> reductions;  // op of ncclNumOps + index; unset ones were destroyed
  std::vector<bool> reduction_lives;
};

namespace convoy::virtual_nccl {
ncclComm_t make_handle(std::shared_ptr<Communicator> communicator);
// The communicator, or null after a complaint that names the call.
std::shared_ptr<Communicator> find(ncclComm_t handle, const char* call);
// Takes the communicator out of its handle, for a call that ends it.
std::shared_ptr<Communicator> take(ncclComm_t handle, const char* call);
}  // namespace convoy::virtual_nccl
