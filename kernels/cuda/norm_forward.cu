// Residual addition, dropout of the branch and layer or RMS norm in one pass over memory: norm_forward.h.
#include "kernels/cuda/norm_forward.h"

#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Real>
void enqueue(Stream& stream, const NormForward& args) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  const NormForwardRows<Real> f{data_of<Real>(args.y),
                                data_of<Real>(args.residual),
                                data_of<float>(args.mean),
                                data_of<float>(args.rstd),
                                data_of<Real>(args.x),
                                data_of<Real>(args.branch),
                                data_of<Real>(args.weight),
                                data_of<Real>(args.bias),
                                args.branch ? DropoutMask(args.dropout) : DropoutMask(),
                                args.eps,
                                N,
                                static_cast<int>(C)};
  if (args.kind == NormKind::layer)
    launch_forward<true>(stream, f);
  else
    launch_forward<false>(stream, f);
}

}  // namespace

void norm_forward(Stream& stream, const NormForward& args) {
  for_real(args.x.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args); });
}

}  // namespace convoy::cuda
