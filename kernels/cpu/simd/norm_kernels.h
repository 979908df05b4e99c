// Layer norm and RMS norm of whole rows: the same but for the mean and the bias, which RMS norm has not. A row is read
// from memory once; what follows finds it in the first-level cache.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// body(Real{}, kCentred): does it subtract the mean and have a bias? Both as types.
template <class Body>
inline void with_variant(DType dtype, NormKind kind, const Body& body) {
  with_real(dtype, [&](auto* real) {
    if (kind == NormKind::layer)
      body(real, std::true_type{});
    else
      body(real, std::false_type{});
  });
}

// residual = x + dropout(branch) of one row, rounded as it is stored.
template <class Real>
inline void add_branch(const NormForward& args, const DropoutKeys& keys, int64_t row) {
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
inline float mean_of(const Real* x, int64_t C) {
  F32x16 sum = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) { sum = sum + load(x + i, lanes); });
  return sum_lanes(sum) / static_cast<float>(C);
}

template <class Real>
inline float rstd_around(float mean, const Real* x, int64_t C, float eps) {
  const F32x16 center = broadcast(mean);
  F32x16 squares = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) {
    const F32x16 d = existing(load(x + i, lanes) - center, lanes, 0.0f);
    squares = fma(d, d, squares);
  });
  return 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(C) + eps);
}

template <bool kCentred, class Real>
inline void norm_forward_row(const NormForward& args, const Real* x, int64_t row) {
  const int64_t C = args.x.shape[-1];
  const Real* weight = args.weight.as<Real>();
  Real* y = args.y.as<Real>() + row * C;
  float mean = 0;
  if constexpr (kCentred) {
    mean = mean_of(x, C);
    if (args.mean) args.mean.as<float>()[row] = mean;
  }
  const float rstd = rstd_around(mean, x, C, args.eps);
  if (args.rstd) args.rstd.as<float>()[row] = rstd;
  const F32x16 scale = broadcast(rstd);
  if constexpr (kCentred) {
    const Real* bias = args.bias.as<Real>();
    const F32x16 center = broadcast(mean);
    for_vectors(C, [=](int64_t i, auto lanes) {
      const F32x16 normalised = (load(x + i, lanes) - center) * scale;
      store(y + i, fma(normalised, load(weight + i, lanes), load(bias + i, lanes)), lanes);
    });
  } else {
    for_vectors(
        C, [=](int64_t i, auto lanes) { store(y + i, load(x + i, lanes) * scale * load(weight + i, lanes), lanes); });
  }
}

template <bool kCentred, class Real>
inline void norm_forward_rows(const NormForward& args, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1];
  const DropoutKeys keys(args.branch ? args.dropout : Dropout{});
  for (int64_t row = begin; row < end; ++row) {
    if (args.branch) add_branch<Real>(args, keys, row);
    const Real* x = (args.branch ? args.residual : args.x).as<Real>() + row * C;
    norm_forward_row<kCentred>(args, x, row);
  }
}

void norm_forward(const NormForward& args, int64_t begin, int64_t end) {
  with_variant(args.x.dtype, args.kind, [&](auto* real, auto centred) {
    norm_forward_rows<centred, std::remove_pointer_t<decltype(real)>>(args, begin, end);
  });
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

template <bool kCentred, class Real>
inline void norm_backward_row(const NormBackward& args, const DropoutKeys& keys, int64_t row, float* dweight,
                              float* dbias) {
  const int64_t C = args.dy.shape[-1];
  const Real* dy = args.dy.as<Real>() + row * C;
  const Real* x = args.residual.as<Real>() + row * C;
  const Real* weight = args.weight.as<Real>();
  const Real* other = args.dresidual_out ? args.dresidual_out.as<Real>() + row * C : nullptr;
  Real* dx = args.dx.as<Real>() + row * C;
  F32x16 center = broadcast(0.0f);
  if constexpr (kCentred) center = broadcast(args.mean.as<float>()[row]);
  const F32x16 scale = broadcast(args.rstd.as<float>()[row]);
  F32x16 mean_g, mean_gx;
  row_means(dy, x, weight, C, center, scale, mean_g, mean_gx);
  if constexpr (!kCentred) mean_g = broadcast(0.0f);
  for_vectors(C, [=](int64_t i, auto lanes) {
    const F32x16 d = load(dy + i, lanes), normalised = (load(x + i, lanes) - center) * scale;
    const F32x16 g = d * load(weight + i, lanes) - mean_g - normalised * mean_gx;
    const F32x16 passed = other != nullptr ? load(other + i, lanes) : broadcast(0.0f);
    store(dx + i, fma(g, scale, passed), lanes);
    store(dweight + i, fma(d, normalised, load(dweight + i, lanes)), lanes);
    if constexpr (kCentred) store(dbias + i, d + load(dbias + i, lanes), lanes);
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

// partial: a row of sums for each parameter.
void norm_backward(const NormBackward& args, int64_t begin, int64_t end, float* partial) {
  const int64_t C = args.dy.shape[-1];
  const DropoutKeys keys(args.dbranch ? args.dropout : Dropout{});
  with_variant(args.dy.dtype, args.kind, [&](auto* real, auto centred) {
    std::memset(partial, 0, static_cast<size_t>((centred ? 2 : 1) * C) * sizeof(float));
    for (int64_t row = begin; row < end; ++row)
      norm_backward_row<centred, std::remove_pointer_t<decltype(real)>>(args, keys, row, partial, partial + C);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
