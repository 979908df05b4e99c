// NCCL's operations: each call becomes a request.
#include <cstring>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/group.h"

using namespace convoy::virtual_nccl;

namespace {
// Fills in the operation of a reduction: a built-in one, or one made for this communicator.
ncclResult_t find_reduction(ncclComm_t handle, const char* call, ncclRedOp_t op, Reduction& reduction) {
  if (!find(handle, call)) return spoil_group(ncclInvalidArgument);
  const int index = op - ncclNumOps;
  if (op >= ncclSum && op < ncclNumOps)
    reduction.op = op;
  else if (index >= 0 && index < static_cast<int>(handle->reductions.size()) && handle->reduction_lives[index])
    reduction = handle->reductions[index];
  else
    return spoil_group(fail(ncclInvalidArgument,
                            text(call, ": ", static_cast<int>(op), " is no reduction operation of this communicator")));
  return ncclSuccess;
}

ncclResult_t submit_reduction(ncclComm_t comm, const char* call, Request request, ncclRedOp_t op, cudaStream_t stream) {
  if (const ncclResult_t result = find_reduction(comm, call, op, request.reduction)) return result;
  return submit(comm, call, request, stream);
}
}  // namespace

extern "C" {
ncclResult_t ncclAllReduce(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream) {
  return submit_reduction(comm, __func__, {Kind::all_reduce, sendbuff, recvbuff, count, datatype}, op, stream);
}

ncclResult_t ncclReduceScatter(const void* sendbuff, void* recvbuff, size_t recvcount, ncclDataType_t datatype,
                               ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  return submit_reduction(comm, __func__, {Kind::reduce_scatter, sendbuff, recvbuff, recvcount, datatype}, op, stream);
}

ncclResult_t ncclReduce(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, ncclRedOp_t op,
                        int root, ncclComm_t comm, cudaStream_t stream) {
  return submit_reduction(comm, __func__, {Kind::reduce, sendbuff, recvbuff, count, datatype, {}, root}, op, stream);
}

ncclResult_t ncclAllGather(const void* sendbuff, void* recvbuff, size_t sendcount, ncclDataType_t datatype,
                           ncclComm_t comm, cudaStream_t stream) {
  return submit(comm, __func__, {Kind::all_gather, sendbuff, recvbuff, sendcount, datatype}, stream);
}

ncclResult_t ncclBroadcast(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, int root,
                           ncclComm_t comm, cudaStream_t stream) {
  return submit(comm, __func__, {Kind::broadcast, sendbuff, recvbuff, count, datatype, {}, root}, stream);
}

ncclResult_t ncclBcast(void* buff, size_t count, ncclDataType_t datatype, int root, ncclComm_t comm,
                       cudaStream_t stream) {
  return submit(comm, __func__, {Kind::broadcast, buff, buff, count, datatype, {}, root}, stream);
}

ncclResult_t ncclAlltoAll(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, ncclComm_t comm,
                          cudaStream_t stream) {
  return submit(comm, __func__, {Kind::all_to_all, sendbuff, recvbuff, count, datatype}, stream);
}

ncclResult_t ncclGather(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, int root,
                        ncclComm_t comm, cudaStream_t stream) {
  return submit(comm, __func__, {Kind::gather, sendbuff, recvbuff, count, datatype, {}, root}, stream);
}

ncclResult_t ncclScatter(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype, int root,
                         ncclComm_t comm, cudaStream_t stream) {
  return submit(comm, __func__, {Kind::scatter, sendbuff, recvbuff, count, datatype, {}, root}, stream);
}

ncclResult_t ncclSend(const void* sendbuff, size_t count, ncclDataType_t datatype, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return submit(comm, __func__, {Kind::send, sendbuff, nullptr, count, datatype, {}, peer}, stream);
}

ncclResult_t ncclRecv(void* recvbuff, size_t count, ncclDataType_t datatype, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return submit(comm, __func__, {Kind::receive, nullptr, recvbuff, count, datatype, {}, peer}, stream);
}

ncclResult_t ncclGroupStart() { return start_group(); }
ncclResult_t ncclGroupEnd() { return end_group(); }

ncclResult_t ncclRedOpCreatePreMulSum(ncclRedOp_t* op, void* scalar, ncclDataType_t datatype,
                                      ncclScalarResidence_t residence, ncclComm_t comm) {
  if (!find(comm, __func__)) return ncclInvalidArgument;
  const size_t bytes = element_bytes(datatype);
  if (!op || !scalar || !bytes)
    return fail(ncclInvalidArgument, text(__func__, ": op, scalar or data type is missing"));
  Reduction reduction;
  reduction.premultiplied = true;
  reduction.scale_type = datatype;
  if (residence == ncclScalarDevice)
    reduction.device_scale = scalar;
  else
    memcpy(&reduction.scale_bits, scalar, bytes);
  *op = static_cast<ncclRedOp_t>(ncclNumOps + comm->reductions.size());
  comm->reductions.push_back(reduction);
  comm->reduction_lives.push_back(true);
  return ncclSuccess;
}

ncclResult_t ncclRedOpDestroy(ncclRedOp_t op, ncclComm_t comm) {
  Reduction reduction;
  if (op < ncclNumOps)
    return fail(ncclInvalidArgument, text(__func__, ": ", static_cast<int>(op), " is a built-in operation"));
  if (const ncclResult_t result = find_reduction(comm, __func__, op, reduction)) return result;
  comm->reduction_lives[op - ncclNumOps] = false;
  return ncclSuccess;
}
}
