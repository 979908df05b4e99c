// What every implementation asks of a collective's tensors. Each check throws InternalError: the mistake is the
// caller's.
#pragma once

#include "core/device/stream.h"
#include "core/tensor/tensor.h"

namespace convoy {

void check_all_reduce(const Tensor& x);
void check_all_gather(const Tensor& out, const Tensor& in, int size);
void check_all_to_all(const Tensor& out, const Tensor& in, int size);
void check_reduce_scatter(const Tensor& out, const Tensor& in, int size);
void check_root(int root, int size);
// Of communicators that move host memory: the stream is not a CUDA stream, on which tensors of a GPU are used.
void check_host_stream(const Stream& stream);

}  // namespace convoy
