// Dropout: a thread and turn takes 16 bytes of a row.
#include "kernels/cuda/dropout_mask.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads)
    dropout_kernel(Real* y, const Real* x, int64_t count, int64_t C, DropoutMask mask) {
  const int64_t stride = int64_t{gridDim.x} * kThreads * kWidth;
  for (int64_t i = (blockIdx.x * int64_t{kThreads} + threadIdx.x) * kWidth; i < count; i += stride) {
    const int64_t row = i / C;
    Elements<Real, kWidth> elements(x + i);
    float factors[kWidth];
    mask.factors(factors, mask.index_of_row(row), i - row * C);
    for (int k = 0; k < kWidth; ++k) elements.set(k, elements.get(k) * factors[k]);
    elements.store(y + i);
  }
}

}  // namespace

void dropout_apply(Stream& stream, const DropoutApply& args) {
  if (args.dropout.p == 0) {
    if (args.y.data != args.x.data) stream.copy(args.y.data, args.x.data, args.x.bytes());
    return;
  }
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    Real *y = data_of<Real>(args.y), *x = data_of<Real>(args.x);
    const int64_t count = args.x.elements(), C = args.x.shape[-1];
    const bool packs = rows_in_packs<Real>(C, y, x);
    launch(stream, packs ? dropout_kernel<Real, kPack<Real>> : dropout_kernel<Real, 1>,
           blocks_for(ceil_div<int64_t>(count, kThreads * int64_t{packs ? kPack<Real> : 1})), kThreads, 0, y, x, count,
           C, DropoutMask(args.dropout));
  });
}

}  // namespace convoy::cuda
