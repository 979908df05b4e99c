// Gradient of layer and RMS norm, of the residual addition and of the branch's dropout: norm_backward.h.
#include "kernels/cuda/norm_backward.h"

#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Real>
void enqueue(Stream& stream, const NormBackward& args, const Tensor& scratch) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  const NormBackwardRows<Real> b{data_of<Real>(args.dx),
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
                                 data_of<float>(scratch),
                                 counters(stream),
                                 N,
                                 static_cast<int>(C),
                                 0};
  if (args.kind == NormKind::layer)
    launch_backward<true>(stream, b);
  else
    launch_backward<false>(stream, b);
}

}  // namespace

void norm_backward(Stream& stream, const NormBackward& args, const Tensor& scratch) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, scratch); });
}

size_t norm_backward_scratch_bytes(const NormBackward& args) {
  return args.kind == NormKind::layer ? backward_scratch_bytes<true>(args.dy) : backward_scratch_bytes<false>(args.dy);
}

}  // namespace convoy::cuda
