#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kForwardRows = 16;
constexpr int64_t kBackwardColumns = 64;
constexpr int64_t kTokenParts = 4;
constexpr int64_t kBackwardPositions = 8;

// Each piece owns some columns of some rows of the table and walks over all tokens: no two write the same element.
void backward_rows(const EmbeddingBackward& args, decltype(RowKernels::embedding_backward_tokens) kernel) {
  const int64_t C = args.dy.shape[-1];
  parallel_for(ceil_div(C, kBackwardColumns) * kTokenParts, [&](int64_t piece) {
    const int64_t begin = piece / kTokenParts * kBackwardColumns, end = std::min(C, begin + kBackwardColumns);
    kernel(args, begin, end, static_cast<int>(piece % kTokenParts), kTokenParts);
  });
}

}  // namespace

void embedding_forward(Stream& stream, const EmbeddingForward& args) {
  enqueue(stream, [args] {
    const int64_t N = args.tokens.elements();
    parallel_for(ceil_div(N, kForwardRows), [&](int64_t piece) {
      row_kernels().embedding_forward(args, piece * kForwardRows, std::min(N, (piece + 1) * kForwardRows));
    });
  });
}

void embedding_backward(Stream& stream, const EmbeddingBackward& args) {
  enqueue(stream, [args] {
    if (args.dtoken_table) backward_rows(args, row_kernels().embedding_backward_tokens);
    if (!args.dposition_table) return;
    if (args.starts) return backward_rows(args, row_kernels().embedding_backward_document_positions);
    const int64_t T = args.tokens.shape[-1];
    parallel_for(ceil_div(T, kBackwardPositions), [&](int64_t piece) {
      row_kernels().embedding_backward_positions(args, piece * kBackwardPositions,
                                                 std::min(T, (piece + 1) * kBackwardPositions));
    });
  });
}

}  // namespace convoy::cpu
