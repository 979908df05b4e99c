// Keys or values of new tokens to their places in a cache: a thread moves a pack, or an element where rows are not
// aligned.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

template <class Unit>
struct Append {
  Unit* to;
  const Unit* from;
  int64_t to_token, to_sample, from_token, from_sample;  // strides in units
  int64_t B, T, width;                                   // width in units
  const int64_t* position;
  int64_t position_stride;  // from one sample's to the next one's
};

template <class Unit>
__global__ void __launch_bounds__(kThreads) cache_append_kernel(Append<Unit> a) {
  const int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (i >= a.B * a.T * a.width) return;
  const int64_t c = i % a.width, t = i / a.width % a.T, b = i / a.width / a.T;
  a.to[b * a.to_sample + (a.position[b * a.position_stride] + t) * a.to_token + c] =
      a.from[b * a.from_sample + t * a.from_token + c];
}

// elements: of a unit.
template <class Unit>
void enqueue(Stream& stream, const CacheAppend& args, int64_t elements) {
  const Append<Unit> a{static_cast<Unit*>(args.to.data),
                       static_cast<const Unit*>(args.from.data),
                       args.to.token_stride / elements,
                       args.to.sample_stride / elements,
                       args.from.token_stride / elements,
                       args.from.sample_stride / elements,
                       args.B,
                       args.T,
                       args.width / elements,
                       data_of<int64_t>(args.position),
                       args.position.elements() > 1 ? 1 : 0};
  launch(stream, cache_append_kernel<Unit>, static_cast<unsigned>(ceil_div<int64_t>(a.B * a.T * a.width, kThreads)),
         kThreads, 0, a);
}

}  // namespace

void cache_append(Stream& stream, const CacheAppend& args) {
  const int64_t pack = 16 / static_cast<int64_t>(size_of(args.dtype));
  if (in_packs({args.to, args.from}, args.dtype) && args.width % pack == 0)
    enqueue<uint4>(stream, args, pack);
  else if (args.dtype == DType::f32)
    enqueue<uint32_t>(stream, args, 1);
  else
    enqueue<uint16_t>(stream, args, 1);
}

}  // namespace convoy::cuda
