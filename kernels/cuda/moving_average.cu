// The moving average of weights, and its changing places with them.
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

struct Follow {
  const float* norm_and_factor;
  float rate;

  template <int kWidth>
  __device__ void apply(float* average, const float* weights) const {
    if (isnan(norm_and_factor[1])) return;
    Elements<float, kWidth> a(average);
    const Elements<float, kWidth> w(weights);
    for (int i = 0; i < kWidth; ++i) a.set(i, fmaf(rate, w.get(i) - a.get(i), a.get(i)));
    a.store(average);
  }
};

struct Exchange {
  template <int kWidth>
  __device__ void apply(float* a, float* b) const {
    const Elements<float, kWidth> of_a(a), of_b(b);
    of_b.store(a);
    of_a.store(b);
  }
};

}  // namespace

void moving_average(Stream& stream, const MovingAverage& args) {
  enqueue_elementwise(stream, data_of<float>(args.average), data_of<const float>(args.weights), args.average.elements(),
                      Follow{data_of<float>(args.norm_and_factor), args.rate});
}

void swap(Stream& stream, const Swap& args) {
  enqueue_elementwise(stream, data_of<float>(args.a), data_of<float>(args.b), args.a.elements(), Exchange{});
}

}  // namespace convoy::cuda
