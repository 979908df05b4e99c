// The collectives of core/comm/communicator.h on device memory: calls of NCCL for one group of them, on one stream.
#pragma once

#include <nccl.h>

#include "core/tensor/tensor.h"

namespace convoy::nccl {

void all_reduce(ncclComm_t comm, cudaStream_t stream, const Tensor& x);
void all_gather(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in);
void all_to_all(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in, int ranks);
void reduce_scatter(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in);
void broadcast(ncclComm_t comm, cudaStream_t stream, const Tensor& x, int root);

}  // namespace convoy::nccl
