// Layer norm of whole rows. A row is read from memory once; what follows finds it in the first-level cache.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// residual = x + dropout(branch) of one row, rounded as it is stored.
template <class Real>
inline void add_branch(const LayerNormForward& args, const DropoutKeys& keys, int64_t row) {
  const int64_t C = args.x.shape[-1];
  const Real* x = args.x.as<Real>() + row * C;
  const Real* branch = args.branch.as<Real>() + row * C;
  Real* residual = args.residual.as<Real>() + row * C;
  if (args.dropout.p == 0)
    for_vectors(
        C, [=](int64_t i, auto lanes) { store(residual + i, load(x + i, lanes) + load(branch + i, lanes), lanes); });
  else
    for_dropout_vectors(keys, row, C, [=](int64_t i, auto lanes, F32x16 factor) {
      store(residual + i, fma(load(branch + i, lanes), factor, load(x + i, lanes)), lanes);
    });
}

// Two passes over the row, so that a large mean does not swallow the variance.
template <class Real>
inline void mean_and_rstd(const Real* x, int64_t C, float eps, float& mean, float& rstd) {
  F32x16 sum = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) { sum = sum + load(x + i, lanes); });
  mean = sum_lanes(sum) / static_cast<float>(C);
  const F32x16 center = broadcast(mean);
  F32x16 squares = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) {
    const F32x16 d = existing(load(x + i, lanes) - center, lanes, 0.0f);
    squares = fma(d, d, squares);
  });
  rstd = 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(C) + eps);
}

template <class Real>
inline void layer_norm_forward_rows(const LayerNormForward& args, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1];
  const Real *weight = args.weight.as<Real>(), *bias = args.bias.as<Real>();
  const DropoutKeys keys(args.branch ? args.dropout : Dropout{});
  for (int64_t row = begin; row < end; ++row) {
    if (args.branch) add_branch<Real>(args, keys, row);
    const Real* x = (args.branch ? args.residual : args.x).as<Real>() + row * C;
    Real* y = args.y.as<Real>() + row * C;
    float mean = 0, rstd = 0;
    mean_and_rstd(x, C, args.eps, mean, rstd);
    if (args.mean) args.mean.as<float>()[row] = mean;
    if (args.rstd) args.rstd.as<float>()[row] = rstd;
    const F32x16 center = broadcast(mean), scale = broadcast(rstd);
    for_vectors(C, [=](int64_t i, auto lanes) {
      const F32x16 normalised = (load(x + i, lanes) - center) * scale;
      store(y + i, fma(normalised, load(weight + i, lanes), load(bias + i, lanes)), lanes);
    });
  }
}

void layer_norm_forward(const LayerNormForward& args, int64_t begin, int64_t end) {
  with_real(args.x.dtype,
            [&](auto* real) { layer_norm_forward_rows<std::remove_pointer_t<decltype(real)>>(args, begin, end); });
}

// What the backward of one row needs: its mean gradients along 1 and along the normalised row.
template <class Real>
inline void row_means(const Real* dy, const Real* x, const Real* weight, int64_t C, F32x16 center, F32x16 scale,
                      F32x16& mean_g, F32x16& mean_gx) {
  F32x16 sum_g = broadcast(0.0f), sum_gx = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) {  // absent lanes of dy are zero
    const F32x16 g = load(dy + i, lanes) * load(weight + i, lanes);
    sum_g = sum_g + g;
    sum_gx = fma(g, (load(x + i, lanes) - center) * scale, sum_gx);
  });
  mean_g = broadcast(sum_lanes(sum_g) / static_cast<float>(C));
  mean_gx = broadcast(sum_lanes(sum_gx) / static_cast<float>(C));
}

template <class Real>
inline void layer_norm_backward_row(const LayerNormBackward& args, const DropoutKeys& keys, int64_t row, float* dweight,
                                    float* dbias) {
  const int64_t C = args.dy.shape[-1];
  const Real* dy = args.dy.as<Real>() + row * C;
  const Real* x = args.residual.as<Real>() + row * C;
  const Real* weight = args.weight.as<Real>();
  const Real* other = args.dresidual_out ? args.dresidual_out.as<Real>() + row * C : nullptr;
  Real* dx = args.dx.as<Real>() + row * C;
  const F32x16 center = broadcast(args.mean.as<float>()[row]), scale = broadcast(args.rstd.as<float>()[row]);
  F32x16 mean_g, mean_gx;
  row_means(dy, x, weight, C, center, scale, mean_g, mean_gx);
  for_vectors(C, [=](int64_t i, auto lanes) {
    const F32x16 d = load(dy + i, lanes), normalised = (load(x + i, lanes) - center) * scale;
    const F32x16 g = d * load(weight + i, lanes) - mean_g - normalised * mean_gx;
    const F32x16 passed = other != nullptr ? load(other + i, lanes) : broadcast(0.0f);
    store(dx + i, fma(g, scale, passed), lanes);
    store(dweight + i, fma(d, normalised, load(dweight + i, lanes)), lanes);
    store(dbias + i, d + load(dbias + i, lanes), lanes);
  });
  if (!args.dbranch) return;
  Real* dbranch = args.dbranch.as<Real>() + row * C;
  if (args.dropout.p == 0)
    std::memcpy(dbranch, dx, static_cast<size_t>(C) * sizeof(Real));
  else
    for_dropout_vectors(keys, row, C, [=](int64_t i, auto lanes, F32x16 factor) {
      store(dbranch + i, load(dx + i, lanes) * factor, lanes);
    });
}

void layer_norm_backward(const LayerNormBackward& args, int64_t begin, int64_t end, float* partial) {
  const int64_t C = args.dy.shape[-1];
  const DropoutKeys keys(args.dbranch ? args.dropout : Dropout{});
  std::memset(partial, 0, static_cast<size_t>(2 * C) * sizeof(float));
  with_real(args.dy.dtype, [&](auto* real) {
    for (int64_t row = begin; row < end; ++row)
      layer_norm_backward_row<std::remove_pointer_t<decltype(real)>>(args, keys, row, partial, partial + C);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
