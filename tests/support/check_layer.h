// The test of a layer: its outputs against a reference in f64, and every gradient against finite differences of that
// reference, on the test device, in f32 and bf16, with what core/layers/layer.h allows a plan to do:
//   each gradient of an input or weight present and absent (a frozen weight), each gradient of an output absent,
//   what is added to statistics present and absent,
//   tensors absent that backward does not read, gradients that share memory, forward run again, evaluation.
// What a layer may not change keeps its bits; scratch is as large as it was measured and full of NaN.
#pragma once

#include <functional>
#include <vector>

#include "core/base/philox.h"
#include "core/layers/layer.h"
#include "tests/kernels/support/array.h"

namespace convoy::test {

struct LayerCase {
  const Layer& layer;
  std::vector<TensorSpec> inputs;  // f32 stands for both dtypes
  // Outputs, from values of inputs and weights as they were rounded. training: dropout is on, with
  // layer_dropout_factor.
  std::function<std::vector<Values>(const std::vector<Values>& inputs, const std::vector<Values>& weights,
                                    bool training)>
      reference;
  // Values of an input that is no real number, such as tokens. Real inputs and weights are random; statistics and
  // constants lie between 0.5 and 1.5.
  std::function<Values(int input)> integers = {};
  // What a step of one micro-batch would add to a statistic, parameter number `weight`.
  std::function<Values(const std::vector<Values>& inputs, const std::vector<Values>& weights, size_t weight)> change =
      {};
  std::vector<DType> dtypes = {DType::f32, DType::bf16};
  double f32_tolerance = 1e-4, bf16_tolerance = 5e-2;
};

void check_layer(const LayerCase& c);

// What dropout of a layer multiplies element `element` of row `row` with in check_layer: 0 or 1 / (1 - p).
double layer_dropout_factor(float p, uint32_t dropout_number, int64_t rows_per_sample, int64_t row, int64_t element,
                            RandomSite site = RandomSite::dropout);

}  // namespace convoy::test
