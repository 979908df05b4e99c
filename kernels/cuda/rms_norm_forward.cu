// Residual addition, dropout of the branch and RMS norm, after arXiv:1910.07467, in one pass over memory:
// norm_forward.h.
#include "kernels/cuda/norm_forward.h"

namespace convoy::cuda {
namespace {

template <class Real>
void enqueue(Stream& stream, const RmsNormForward& args) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  const NormForward<Real> f{data_of<Real>(args.y),
                            data_of<Real>(args.residual),
                            nullptr,
                            data_of<float>(args.rstd),
                            data_of<Real>(args.x),
                            data_of<Real>(args.branch),
                            data_of<Real>(args.weight),
                            nullptr,
                            args.branch ? DropoutMask(args.dropout) : DropoutMask(),
                            args.eps,
                            N,
                            static_cast<int>(C)};
  launch_forward<false>(stream, f);
}

}  // namespace

void CudaOps::run(Stream& stream, const RmsNormForward& args) {
  for_real(args.x.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args); });
}

}  // namespace convoy::cuda
