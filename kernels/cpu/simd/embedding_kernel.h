// Rows of the embedding tables: gathered forward, added to backward. Tokens are taken in order, so sums have one order.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

void embedding_forward(const EmbeddingForward& args, int64_t begin, int64_t end) {
  const int64_t T = args.tokens.shape[-1], C = args.y.shape[-1];
  const int32_t* starts = args.starts ? args.starts.as<int32_t>() : nullptr;
  with_real(args.y.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t n = begin; n < end; ++n) {
      Real* y = args.y.as<Real>() + n * C;
      const Real* token = args.token_table.as<Real>() + args.tokens.as<int32_t>()[n] * C;
      if (!args.position_table) {
        std::memcpy(y, token, static_cast<size_t>(C) * sizeof(Real));
        continue;
      }
      const int64_t start = starts == nullptr ? 0 : starts[n];
      const Real* position =
          args.position_table.as<Real>() + (first_position(args.position, n / T) + n % T - start) * C;
      for_vectors(
          C, [=](int64_t i, auto lanes) { store(y + i, load(token + i, lanes) + load(position + i, lanes), lanes); });
    }
  });
}

template <class Real>
inline void add_to_row(float* sum, const Real* x, int64_t n) {
  for_vectors(n, [=](int64_t i, auto lanes) { store(sum + i, load(sum + i, lanes) + load(x + i, lanes), lanes); });
}

// Columns [begin, end) of the gradients to those rows of the table, row_of(n), whose number is `part` modulo `parts`.
template <class RowOf>
inline void add_to_rows(const Tensor& table, const EmbeddingBackward& args, int64_t begin, int64_t end, int part,
                        int parts, const RowOf& row_of) {
  const int64_t N = args.tokens.elements(), C = args.dy.shape[-1];
  with_real(args.dy.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t n = 0; n < N; ++n)
      if (const int64_t row = row_of(n); row % parts == part)
        add_to_row(table.as<float>() + row * C + begin, args.dy.as<Real>() + n * C + begin, end - begin);
  });
}

void embedding_backward_tokens(const EmbeddingBackward& args, int64_t begin, int64_t end, int part, int parts) {
  const int32_t* tokens = args.tokens.as<int32_t>();
  add_to_rows(args.dtoken_table, args, begin, end, part, parts, [=](int64_t n) { return int64_t{tokens[n]}; });
}

void embedding_backward_document_positions(const EmbeddingBackward& args, int64_t begin, int64_t end, int part,
                                           int parts) {
  const int64_t T = args.tokens.shape[-1];
  const int32_t* starts = args.starts.as<int32_t>();
  add_to_rows(args.dposition_table, args, begin, end, part, parts, [=](int64_t n) { return n % T - starts[n]; });
}

void embedding_backward_positions(const EmbeddingBackward& args, int64_t begin, int64_t end) {
  const int64_t T = args.tokens.shape[-1], C = args.dy.shape[-1], B = args.tokens.elements() / T;
  with_real(args.dy.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t t = begin; t < end; ++t)
      for (int64_t b = 0; b < B; ++b)
        add_to_row(args.dposition_table.as<float>() + t * C, args.dy.as<Real>() + (b * T + t) * C, C);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
