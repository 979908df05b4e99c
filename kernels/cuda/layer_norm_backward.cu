// Gradient of layer norm, of the residual addition and of the branch's dropout: norm_backward.h.
#include "kernels/cuda/norm_backward.h"

namespace convoy::cuda {
namespace {

template <class Real>
void enqueue(Stream& stream, const LayerNormBackward& args) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  const NormBackward<Real> b{data_of<Real>(args.dx),
                             data_of<Real>(args.dbranch),
                             data_of<float>(args.dweight),
                             data_of<float>(args.dbias),
                             data_of<Real>(args.dy),
                             data_of<Real>(args.dresidual_out),
                             data_of<Real>(args.residual),
                             data_of<Real>(args.weight),
                             data_of<float>(args.mean),
                             data_of<float>(args.rstd),
                             args.dbranch ? DropoutMask(args.dropout) : DropoutMask(),
                             data_of<float>(args.scratch),
                             counters(stream),
                             N,
                             static_cast<int>(C),
                             0};
  launch_backward<true>(stream, b);
}

}  // namespace

void CudaOps::run(Stream& stream, const LayerNormBackward& args) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args); });
}

size_t CudaOps::scratch_bytes(const LayerNormBackward& args) const { return backward_scratch_bytes<true>(args.dy); }

}  // namespace convoy::cuda
