#include "tests/kernels/attention_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ops/dropout.h"

namespace convoy::test {
std::string to_string(const AttentionOptions& o) {
  return fmt::format("B {} Tq {} Tk {} H {} Hkv {} D {} {} {} p {} window {} document {} prefix {}", o.B, o.Tq, o.Tk,
                     o.H, o.Hkv, o.D, name_of(o.dtype), o.causal ? "causal" : "full", o.p, o.window, o.document,
                     o.prefix);
}

static int64_t start_of_document(const AttentionOptions& o, int64_t b, int64_t i) {
  const int64_t length = o.document + 3 * b, token = std::max<int64_t>(0, i + o.Tk - o.Tq);
  return o.document == 0 ? 0 : token / length * length;
}

// Behind a prefix, odd samples have its end all the same and even ones nothing.
static int64_t end_of_prefix(const AttentionOptions& o, int64_t b, int64_t i) {
  if (o.prefix == 0) return 0;
  const int64_t token = std::max<int64_t>(0, i + o.Tk - o.Tq), start = start_of_document(o, b, i);
  const int64_t document_end = o.document == 0 ? o.Tk : std::min(o.Tk, start + o.document + 3 * b);
  const int64_t end = std::min(start + o.prefix + 5 * b, document_end);
  return token < end || b % 2 == 1 ? end : 0;
}

int64_t end_of_keys(const AttentionOptions& o, int64_t b, int64_t i) {
  if (!o.causal) return o.Tk;
  return std::clamp<int64_t>(std::max(i + o.Tk - o.Tq + 1, end_of_prefix(o, b, i)), 0, o.Tk);
}

int64_t first_key(const AttentionOptions& o, int64_t b, int64_t i) {
  const int64_t of_window = o.window == 0 ? 0 : i + o.Tk - o.Tq + 1 - o.window;
  return std::max({int64_t{0}, of_window, start_of_document(o, b, i)});
}

Values attention_f64(const AttentionOptions& o, const Dropout& dropout, const AttentionValues& in, Values* logsumexp) {
  Values y(in.q.size(), 0.0);
  const double scale = 1 / std::sqrt(static_cast<double>(o.D));
  const auto at = [&](int64_t b, int64_t t, int64_t T, int64_t h, int64_t H) {
    return static_cast<size_t>(((b * T + t) * H + h) * o.D);
  };
  for (int64_t b = 0; b < o.B; ++b)
    for (int64_t h = 0; h < o.H; ++h)
      for (int64_t i = 0; i < o.Tq; ++i) {
        const double* q = &in.q[at(b, i, o.Tq, h, o.H)];
        const int64_t seen = end_of_keys(o, b, i);
        const int64_t first = std::min(seen, first_key(o, b, i));
        Values scores;
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (int64_t j = first; j < seen; ++j) {
          const double* k = &in.k[at(b, j, o.Tk, h / (o.H / o.Hkv), o.Hkv)];
          double score = 0;
          for (int64_t d = 0; d < o.D; ++d) score += scale * q[d] * k[d];
          largest = std::max(largest, scores.emplace_back(score));
        }
        for (const double score : scores) sum += std::exp(score - largest);
        for (int64_t j = first; j < seen; ++j) {
          const double p = std::exp(scores[static_cast<size_t>(j - first)] - largest) / sum *
                           dropout_factor(dropout, (b * o.H + h) * o.Tq + i, j);
          const double* v = &in.v[at(b, j, o.Tk, h / (o.H / o.Hkv), o.Hkv)];
          for (int64_t d = 0; d < o.D; ++d) y[at(b, i, o.Tq, h, o.H) + static_cast<size_t>(d)] += p * v[d];
        }
        if (logsumexp != nullptr) logsumexp->push_back(seen > first ? largest + std::log(sum) : largest);
      }
  return y;
}

AttentionCase::AttentionCase(const AttentionOptions& o) : options(o), with(o.p, o.H * o.Tq) {
  q_ = strided(o.Tq, o.H, 1, o.size);
  k_ = strided(o.Tk, o.Hkv, 2, 1);
  v_ = strided(o.Tk, o.Hkv, 3, 1);
  dy_ = strided(o.Tq, o.H, 4, 1);
  y_ = strided(o.Tq, o.H, 5, 1);
  dq_ = strided(o.Tq, o.H, 6, 1);
  dk_ = strided(o.Tk, o.Hkv, 7, 1);
  dv_ = strided(o.Tk, o.Hkv, 8, 1);
  logsumexp_ = Array::filled({o.B, o.H, o.Tq}, DType::f32, 99);
  const auto of_each_query = [&](int64_t (*value)(const AttentionOptions&, int64_t, int64_t)) {
    Values values;
    for (int64_t b = 0; b < o.B; ++b)
      for (int64_t i = 0; i < o.Tq; ++i) values.push_back(static_cast<double>(value(o, b, i)));
    return Array({o.B, o.Tq}, DType::i32, values);
  };
  if (o.document > 0) starts_ = of_each_query(start_of_document);
  if (o.prefix > 0) prefix_ends_ = of_each_query(end_of_prefix);
}

Array AttentionCase::strided(int64_t T, int64_t heads, uint32_t seed, double factor) const {
  const int64_t width = heads * options.D, stride = width + options.gap;
  const Values dense = random_values(options.B * T * width, seed);
  Values values(static_cast<size_t>(options.B * T * stride), std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < dense.size(); ++i)
    values[i / static_cast<size_t>(width) * static_cast<size_t>(stride) + i % static_cast<size_t>(width)] =
        factor * dense[i];
  return Array({options.B, T, stride}, options.dtype, values);
}

Heads AttentionCase::heads(const Array& array, int64_t T) const {
  const int64_t stride = array.tensor().shape[-1];
  return {array.tensor().data, stride, T * stride};
}

Values AttentionCase::values_of(const Array& array, int64_t T, int64_t heads) const {
  const int64_t width = heads * options.D, stride = width + options.gap;
  const Values all = array.values();
  Values dense;
  for (int64_t row = 0; row < options.B * T; ++row) {
    for (int64_t i = 0; i < width; ++i) dense.push_back(all[static_cast<size_t>(row * stride + i)]);
    for (int64_t i = width; i < stride; ++i)
      EXPECT_TRUE(std::isnan(all[static_cast<size_t>(row * stride + i)])) << "written between rows";
  }
  return dense;
}

AttentionShape AttentionCase::shape() const {
  const AttentionOptions& o = options;
  return {o.B, o.Tq, o.Tk, o.H, o.Hkv, o.D, o.dtype, o.causal, 1 / std::sqrt(static_cast<float>(o.D)), o.window};
}

AttentionForward AttentionCase::forward() const {
  return {shape(),
          heads(y_, options.Tq),
          logsumexp_,
          heads(q_, options.Tq),
          heads(k_, options.Tk),
          heads(v_, options.Tk),
          with.dropout,
          {},
          starts_,
          prefix_ends_};
}

AttentionBackward AttentionCase::backward() const {
  return {shape(),
          heads(dq_, options.Tq),
          heads(dk_, options.Tk),
          heads(dv_, options.Tk),
          heads(dy_, options.Tq),
          heads(y_, options.Tq),
          heads(q_, options.Tq),
          heads(k_, options.Tk),
          heads(v_, options.Tk),
          logsumexp_,
          with.dropout,
          starts_,
          prefix_ends_};
}

AttentionValues AttentionCase::inputs() const {
  return {values_of(q_, options.Tq, options.H), values_of(k_, options.Tk, options.Hkv),
          values_of(v_, options.Tk, options.Hkv)};
}

Bits AttentionCase::bits() const { return {y_.bits(), logsumexp_.bits(), dq_.bits(), dk_.bits(), dv_.bits()}; }

}  // namespace convoy::test
