// Operators take tensors at any address: results of tensors one element behind an aligned address beside those of
// aligned ones.
#include "core/base/integers.h"
#include "core/ops/activation.h"
#include "core/ops/batch_norm.h"
#include "core/ops/combine.h"
#include "core/ops/copy_columns.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/gate.h"
#include "core/ops/moving_average.h"
#include "core/ops/norm.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/reductions.h"
#include "core/ops/scale_bytes.h"
#include "core/ops/softmax.h"
#include "core/optimizer/rules/rules.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

// Makes the tensors of a call, all aligned or all one element further.
class Placed {
 public:
  explicit Placed(int64_t shift) : shift_(shift) {}

  Tensor random(const Shape& shape, DType dtype, uint32_t seed, double factor = 1) {
    return place(shape, dtype, random_values(shape.elements(), seed), factor);
  }
  Tensor zeros(const Shape& shape, DType dtype) {
    return place(shape, dtype, Values(static_cast<size_t>(shape.elements())), 0);
  }
  Tensor result(const Shape& shape, DType dtype) {
    const Tensor tensor = zeros(shape, dtype);
    results_.push_back(tensor);
    return tensor;
  }
  Tensor also_result(const Tensor& tensor) {  // of one with numbers in it
    results_.push_back(tensor);
    return tensor;
  }

  Values results() const {
    Values all;
    for (const Tensor& tensor : results_) {
      Array copy = Array::zeros(tensor.shape, tensor.dtype);
      copy_bytes(copy.tensor().data, tensor.data, tensor.bytes());
      for (const double value : copy.values()) all.push_back(value);
    }
    return all;
  }

 private:
  Tensor place(const Shape& shape, DType dtype, Values values, double factor) {
    for (double& value : values) value *= factor;
    values.insert(values.begin(), static_cast<size_t>(shift_), 0.0);
    const auto count = static_cast<int64_t>(values.size());
    arrays_.push_back(std::make_unique<Array>(Shape{count}, dtype, values));
    return arrays_.back()->tensor().range(shift_, shape.elements()).reshaped(shape);
  }

  int64_t shift_;
  std::vector<std::unique_ptr<Array>> arrays_;
  std::vector<Tensor> results_;
};

class UnalignedTest : public OpsTest {
 protected:
  // call(placed) runs an operator on the tensors it makes.
  template <class Call>
  void expect_same(const Call& call, double tolerance, const char* what) {
    Placed aligned(0), shifted(1);
    call(aligned);
    call(shifted);
    expect_near(shifted.results(), aligned.results(), tolerance, what);
  }
};

TEST_F(UnalignedTest, Norms) {
  const int64_t N = 6;
  for (const NormKind kind : {NormKind::layer, NormKind::rms})
    for (const auto& [type, tolerance] : kPrecisions)
      for (const int64_t C : {64, 2048, 4608}) {
        const DropoutCase with(0.2f, N);
        const auto call = [&, dtype = type](Placed& p) {
          const bool centred = kind == NormKind::layer;
          const Tensor x = p.random({N, C}, dtype, 1), branch = p.random({N, C}, dtype, 2);
          const Tensor weight = p.random({C}, dtype, 3), bias = centred ? p.random({C}, dtype, 4) : Tensor();
          const Tensor residual = p.result({N, C}, dtype), mean = centred ? p.result({N}, DType::f32) : Tensor();
          const Tensor rstd = p.result({N}, DType::f32);
          run(NormForward{kind, p.result({N, C}, dtype), residual, mean, rstd, x, branch, with.dropout, weight, bias});
          const Tensor dx = p.result({N, C}, dtype), dbranch = p.result({N, C}, dtype);
          const Tensor dweight = p.result({C}, DType::f32), dbias = centred ? p.result({C}, DType::f32) : Tensor();
          run_with_scratch(NormBackward{kind, dx, dbranch, dweight, dbias, p.random({N, C}, dtype, 5),
                                        p.random({N, C}, dtype, 6), residual, mean, rstd, weight, with.dropout});
        };
        expect_same(call, tolerance, kind == NormKind::layer ? "layer norm" : "RMS norm");
      }
}

TEST_F(UnalignedTest, BatchNorm) {
  const int64_t N = 300, C = 40;
  for (const auto& [type, tolerance] : kPrecisions) {
    const auto call = [&, dtype = type](Placed& p) {
      const Tensor x = p.random({N, C}, dtype, 1), dy = p.random({N, C}, dtype, 2), weight = p.random({C}, dtype, 3);
      const Tensor mean = p.result({C}, DType::f32), variance = p.result({C}, DType::f32);
      run_with_scratch(ColumnMoments{mean, variance, x});
      run_with_scratch(ColumnNormalise{p.result({N, C}, dtype), x, mean, variance, weight, p.random({C}, dtype, 4),
                                       Spread::variance, 1e-5f});
      run_with_scratch(BatchNormBackward{p.result({N, C}, dtype), p.result({C}, DType::f32), p.result({C}, DType::f32),
                                         dy, x, mean, variance, weight, 1e-5f});
      run(AverageChange{p.result({C}, DType::f32), mean, variance});
    };
    expect_same(call, tolerance, "batch norm");
  }
}

TEST_F(UnalignedTest, CrossEntropy) {
  for (const auto& [type, tolerance] : kPrecisions)
    for (const int64_t V : {80, 3000}) {
      const Array targets({4}, DType::i32, {5, -1, 0, 79});
      // In place, apart, and where only one of the two is aligned.
      for (const int way : {0, 1, 2}) {
        const auto call = [&, dtype = type](Placed& p) {
          Placed other(1);
          const Tensor logits = (way == 2 ? other : p).random({4, V}, dtype, 1, 5);
          const Tensor gradient = way == 0 ? p.also_result(logits) : p.result({4, V}, dtype);
          run(CrossEntropy{p.result({4}, DType::f32), gradient, logits, targets, 0.5f});
        };
        expect_same(call, tolerance, "cross entropy");
      }
    }
}

TEST_F(UnalignedTest, DropoutAndEmbedding) {
  const int64_t B = 2, T = 30, V = 9, C = 128;
  const DropoutCase with(0.3f, T);
  Values ids;
  for (int64_t i = 0; i < B * T; ++i) ids.push_back(static_cast<double>(i * i % V));
  const Array tokens({B, T}, DType::i32, ids);
  for (const auto& [type, tolerance] : kPrecisions) {
    const auto call = [&, dtype = type](Placed& p) {
      run(DropoutApply{p.result({B * T, C}, dtype), p.random({B * T, C}, dtype, 1), with.dropout});
      run(EmbeddingForward{p.result({B, T, C}, dtype), tokens, p.random({V, C}, dtype, 2), p.random({T, C}, dtype, 3),
                           0});
      run_with_scratch(EmbeddingBackward{p.result({V, C}, DType::f32), p.result({T, C}, DType::f32),
                                         p.random({B, T, C}, dtype, 4), tokens});
    };
    expect_same(call, 1e-5, "dropout and embedding");
  }
}

TEST_F(UnalignedTest, SmallLayers) {
  const int64_t B = 3, P = 5, C = 64, n = B * P * C;
  for (const auto& [type, tolerance] : kPrecisions) {
    const auto call = [&, dtype = type](Placed& p) {
      for (const Activation kind : {Activation::relu, Activation::gelu}) {
        run(ActivationForward{p.result({n}, dtype), p.random({n}, dtype, 1, 4), kind});
        run(ActivationBackward{p.result({n}, dtype), p.random({n}, dtype, 2), p.random({n}, dtype, 3), kind});
      }
      for (const Combination kind : {Combination::sum, Combination::product}) {
        Combine args{.kind = kind, .y = p.result({n}, dtype), .count = 3};
        for (int i = 0; i < args.count; ++i)
          args.inputs[static_cast<size_t>(i)] = p.random({n}, dtype, 4 + static_cast<uint32_t>(i));
        run(args);
      }
      run(Gate{p.result({B, P, C}, dtype), p.random({B, P, C}, dtype, 7), p.random({B, C}, dtype, 8)});
      run(GateGradient{p.result({B, C}, dtype), p.random({B, P, C}, dtype, 7), p.random({B, P, C}, dtype, 8)});
      for (const int64_t from : {0, 8, 3})
        run(CopyColumns{p.result({B, 3 * C}, dtype), p.random({B, C}, dtype, 9), C, from, C - from});
      run(SoftmaxForward{p.result({B, C}, dtype), p.random({B, C}, dtype, 10)});
      run(SoftmaxBackward{p.result({B, C}, dtype), p.random({B, C}, dtype, 11), p.random({B, C}, dtype, 12)});
      run(PointwiseLoss{LossRule::huber, p.result({B}, DType::f32), p.result({B}, DType::f32),
                        p.random({B, C}, dtype, 13), p.random({B, C}, dtype, 14), p.result({B, C}, dtype)});
      run(ScaleBytes{p.result({n}, dtype), p.zeros({n}, DType::u8), 0.5f, 1});
      run(Add{p.also_result(p.random({n}, dtype, 16)), p.random({n}, dtype, 17)});
    };
    expect_same(call, tolerance, "small layers");
  }
}

TEST_F(UnalignedTest, OptimizerUpdate) {
  const int64_t n = 1000;
  const Array decays = Array::filled({16}, DType::u8, 1), numbers({3}, DType::f32, {0.1, 0.5, 0.5});
  for (const DType type : {DType::f32, DType::bf16}) {
    const auto call = [&](Placed& p) {
      OptimizerUpdate<rules::AdamW> args;
      args.weights = p.also_result(p.random({n}, type, 1));
      args.gradient = p.random({n}, DType::f32, 2);
      args.states = {p.also_result(p.random({n}, DType::f32, 3)), p.result({n}, DType::f32)};
      args.decays = decays;
      args.norm_and_factor = p.random({2}, DType::f32, 5);
      args.numbers = numbers;
      args.weight_decay = 0.1f;
      args.rule = {0.9f, 0.95f, 1e-8f};
      if (type == DType::bf16) args.master = p.also_result(p.random({n}, DType::f32, 1));
      run(args);
    };
    expect_same(call, 1e-6, "optimizer update");
  }
}

TEST_F(UnalignedTest, Reductions) {
  const int64_t n = 20000;
  const auto call = [&](Placed& p) {
    run(Sum{p.result({1}, DType::f32), p.random({n}, DType::f32, 1), 2, false});
    run(SumSquares{p.result({ceil_div(n, kSumSquaresBlock)}, DType::f32), p.random({n}, DType::f32, 2)});
    run(Add{p.also_result(p.random({n}, DType::f32, 3)), p.random({n}, DType::f32, 4), DType::bf16});
    for (const DType type : {DType::f32, DType::bf16}) {
      run(TreeSum{p.result({n / 5}, DType::f32), p.random({5, n / 5}, type, 5)});
      run(Statistics{p.result({5}, DType::f32), p.random({n}, type, 6)});
    }
    run(MovingAverage{p.also_result(p.random({n}, DType::f32, 9)), p.random({n}, DType::f32, 10),
                      p.random({2}, DType::f32, 5), 0.1f});
    run(Swap{p.also_result(p.random({n}, DType::f32, 11)), p.also_result(p.random({n}, DType::f32, 12))});
    run(Cast{p.result({n}, DType::bf16), p.random({n}, DType::f32, 7)});
    run(Cast{p.result({n}, DType::f32), p.random({n}, DType::bf16, 8)});
  };
  expect_same(call, 1e-5, "reductions");
}

}  // namespace
}  // namespace convoy::test
