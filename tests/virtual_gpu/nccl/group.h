// ncclGroupStart and ncclGroupEnd: what is called between them in one thread is done at the end, together.
#pragma once
#include <nccl.h>

#include <memory>

#include "tests/virtual_gpu/nccl/handle.h"

namespace convoy::virtual_nccl {
// How many groups the calling thread has open.
int group_depth();

ncclResult_t start_group();
ncclResult_t end_group();

// Launches the request, now or with the group. `call` is the name for messages.
ncclResult_t submit(ncclComm_t handle, const char* call, const Request& request, cudaStream_t stream);

// Takes care of a communicator that has begun to start: outside a group, a blocking one is waited for.
ncclResult_t await_start(const std::shared_ptr<Communicator>& communicator);

// A call in a group that fails makes the whole group fail. Returns the code.
ncclResult_t spoil_group(ncclResult_t code);
}  // namespace convoy::virtual_nccl
