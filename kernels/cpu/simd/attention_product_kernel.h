// Products of small tiles that lie in the cache, all packed and padded: the inner loops of attention. Meanwhile they
// request from memory what is needed next.
//
// A block of R rows x C vectors of the result stays in registers while k runs; per k one vector load per column and one
// broadcast per row feed R * C fused multiply-adds. Each element is summed over k in order, whatever the block, so both
// variants give the same bits.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

enum class Order {
  rows,     // a[m * lda + k]
  columns,  // a[k * lda + m]
};
enum class Into { overwrite, add };

// Rows of a register block that fill the registers; all divide 16.
template <int C>
inline constexpr int kBlockRows = kMaxProductColumns == 1 || C > 2 ? 4 : 8;

// Steps of k between two requests: when they come faster the processor drops them.
inline constexpr int64_t kStepsPerRequest = kMaxProductColumns == 1 ? 16 : 4;

template <int C, Order kOrder>
inline void multiply_add(F32x16 (&sums)[kBlockRows<C>][C], const float* a, int64_t lda, const float* b, int64_t ldb,
                         int64_t k) {
  F32x16 row[C];
#pragma GCC unroll 4
  for (int n = 0; n < C; ++n) row[n] = load(b + k * ldb + n * kLanes);
#pragma GCC unroll 8
  for (int m = 0; m < kBlockRows<C>; ++m) {
    const F32x16 factor = broadcast(kOrder == Order::rows ? a[m * lda + k] : a[k * lda + m]);
#pragma GCC unroll 4
    for (int n = 0; n < C; ++n) sums[m][n] = fma(factor, row[n], sums[m][n]);
  }
}

template <int C, Order kOrder, Into kInto>
inline void product_block(const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t K,
                          Requests& requests) {
  constexpr int R = kBlockRows<C>;
  F32x16 sums[R][C];
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < C; ++n) sums[m][n] = kInto == Into::add ? load(c + m * ldc + n * kLanes) : broadcast(0.0f);
  int64_t k = 0;
  for (; k + kStepsPerRequest <= K; k += kStepsPerRequest) {
    requests.send_one();
#pragma GCC unroll 1
    for (int64_t step = k; step < k + kStepsPerRequest; ++step) multiply_add<C, kOrder>(sums, a, lda, b, ldb, step);
  }
  for (; k < K; ++k) multiply_add<C, kOrder>(sums, a, lda, b, ldb, k);
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < C; ++n) store(c + m * ldc + n * kLanes, sums[m][n]);
}

template <int C, Order kOrder, Into kInto>
inline void product_columns(const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t K,
                            Requests& requests) {
  for (int m = 0; m < kLanes; m += kBlockRows<C>)
    product_block<C, kOrder, kInto>(a + (kOrder == Order::rows ? m * lda : m), lda, b, ldb, c + m * ldc, ldc, K,
                                    requests);
}

// c (16, 16 * vectors) = or += a (16, K) b (K, 16 * vectors).
template <Order kOrder, Into kInto>
inline void product_16_rows(const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
                            int64_t vectors, int64_t K, Requests& requests) {
  while (vectors > 0) {
    const int columns = static_cast<int>(std::min<int64_t>(vectors, kMaxProductColumns));
    if constexpr (kMaxProductColumns == 1) {
      product_columns<1, kOrder, kInto>(a, lda, b, ldb, c, ldc, K, requests);
    } else {
      switch (columns) {
        case 1:
          product_columns<1, kOrder, kInto>(a, lda, b, ldb, c, ldc, K, requests);
          break;
        case 2:
          product_columns<2, kOrder, kInto>(a, lda, b, ldb, c, ldc, K, requests);
          break;
        case 3:
          product_columns<3, kOrder, kInto>(a, lda, b, ldb, c, ldc, K, requests);
          break;
        default:
          product_columns<4, kOrder, kInto>(a, lda, b, ldb, c, ldc, K, requests);
      }
    }
    b += columns * kLanes;
    c += columns * kLanes;
    vectors -= columns;
  }
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
