#include "comm/nccl/nccl_collectives.h"

#include <fmt/format.h>

#include "comm/nccl/nccl_check.h"
#include "core/base/error.h"

namespace convoy::nccl {
namespace {

ncclDataType_t type_of(const Tensor& x) {
  switch (x.dtype) {
    case DType::f32:
      return ncclFloat32;
    case DType::bf16:
      return ncclBfloat16;
    case DType::i32:
      return ncclInt32;
    case DType::i64:
      return ncclInt64;
    case DType::u8:
      return ncclUint8;
    case DType::f16:
      break;
  }
  throw InternalError(fmt::format("NCCL has no type for {}", name_of(x.dtype)));
}

size_t count(const Tensor& x) { return static_cast<size_t>(x.elements()); }

}  // namespace

void all_reduce(ncclComm_t comm, cudaStream_t stream, const Tensor& x) {
  NCCL_CHECK(ncclAllReduce(x.data, x.data, count(x), type_of(x), ncclSum, comm, stream));
}

void all_gather(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in) {
  NCCL_CHECK(ncclAllGather(in.data, out.data, count(in), type_of(in), comm, stream));
}

void all_to_all(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in, int ranks) {
  const int64_t n = in.elements() / ranks;
  for (int r = 0; r < ranks; ++r) {
    const Tensor to = in.range(r * n, n), from = out.range(r * n, n);
    NCCL_CHECK(ncclSend(to.data, count(to), type_of(to), r, comm, stream));
    NCCL_CHECK(ncclRecv(from.data, count(from), type_of(from), r, comm, stream));
  }
}

void reduce_scatter(ncclComm_t comm, cudaStream_t stream, const Tensor& out, const Tensor& in) {
  NCCL_CHECK(ncclReduceScatter(in.data, out.data, count(out), type_of(in), ncclSum, comm, stream));
}

void broadcast(ncclComm_t comm, cudaStream_t stream, const Tensor& x, int root) {
  NCCL_CHECK(ncclBroadcast(x.data, x.data, count(x), type_of(x), root, comm, stream));
}

}  // namespace convoy::nccl
