#include "core/ops/embedding.h"

#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using EmbeddingTest = OpsTest;

Array some_tokens(int64_t B, int64_t T, int64_t V) {
  Values tokens;
  for (const double value : random_values(B * T, 9))
    tokens.push_back(static_cast<double>(int64_t((value + 1) / 2 * double(V))));
  return Array({B, T}, DType::i32, tokens);
}

// (V, C): 1 plus the sum of dy's rows at each token's places.
Values one_and_sums_by_token(const Array& tokens, const Array& dy, int64_t V) {
  const Values ids = tokens.values(), gradient = dy.values();
  const size_t C = gradient.size() / ids.size();
  Values sums(static_cast<size_t>(V) * C, 1);
  for (size_t i = 0; i < gradient.size(); ++i) sums[static_cast<size_t>(ids[i / C]) * C + i % C] += gradient[i];
  return sums;
}

TEST_F(EmbeddingTest, ForwardAddsTheTwoRows) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {1, 16, 37, 128}) {
      const int64_t B = 3, T = 13, V = 11;
      const Array tokens = some_tokens(B, T, V), table = random_array({V, C}, dtype, 1);
      const Array positions = random_array({T + 5, C}, dtype, 2), y = Array::zeros({B, T, C}, dtype);
      run(EmbeddingForward{y, tokens, table, positions, Array({1}, DType::i64, {4})});
      const Values out = y.values(), t = table.values(), p = positions.values(), ids = tokens.values();
      Values wanted;
      for (size_t i = 0; i < out.size(); ++i) {
        const size_t n = i / static_cast<size_t>(C), c = i % static_cast<size_t>(C);
        wanted.push_back(t[static_cast<size_t>(ids[n]) * static_cast<size_t>(C) + c] +
                         p[(4 + n % static_cast<size_t>(T)) * static_cast<size_t>(C) + c]);
      }
      expect_near(out, wanted, tolerance, "y");
    }
}

// Documents that begin anywhere: positions count from there, forward and backward.
TEST_F(EmbeddingTest, PositionsBeginAnewWithEveryDocument) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {1, 37, 64})
      for (const int64_t T : {13, 700}) {
        const int64_t B = 3, V = 11;
        Values first;
        for (int64_t b = 0; b < B; ++b)
          for (int64_t t = 0, start = 0; t < T; ++t) {
            if ((t + b) % 5 == 3 || t == T - 1) start = t;
            first.push_back(static_cast<double>(start));
          }
        const Array tokens = some_tokens(B, T, V), starts({B, T}, DType::i32, first);
        const Array table = random_array({V, C}, dtype, 1), positions = random_array({T, C}, dtype, 2);
        const Array y = Array::zeros({B, T, C}, dtype), dy = random_array({B, T, C}, dtype, 3);
        const Array dtable = Array::filled({V, C}, DType::f32, 1), dpositions = Array::filled({T, C}, DType::f32, 2);
        run(EmbeddingForward{y, tokens, table, positions, {}, starts});
        run_with_scratch(EmbeddingBackward{dtable, dpositions, dy, tokens, starts});
        const Values t = table.values(), p = positions.values(), ids = tokens.values(), gradient = dy.values();
        Values wanted, wanted_rows(static_cast<size_t>(V * C), 1), wanted_positions(static_cast<size_t>(T * C), 2);
        for (size_t i = 0; i < gradient.size(); ++i) {
          const size_t n = i / static_cast<size_t>(C), c = i % static_cast<size_t>(C);
          const size_t row = static_cast<size_t>(ids[n]) * static_cast<size_t>(C) + c;
          const size_t place = n % static_cast<size_t>(T) - static_cast<size_t>(first[n]);
          wanted.push_back(t[row] + p[place * static_cast<size_t>(C) + c]);
          wanted_rows[row] += gradient[i];
          wanted_positions[place * static_cast<size_t>(C) + c] += gradient[i];
        }
        expect_near(y.values(), wanted, tolerance, "y");
        expect_near(dtable.values(), wanted_rows, 1e-5, "dtoken_table");
        expect_near(dpositions.values(), wanted_positions, 1e-5, "dposition_table");
      }
}

TEST_F(EmbeddingTest, WithoutPositionsItCopiesRows) {
  const Array tokens({1, 2}, DType::i32, {2, 0}), table({3, 2}, DType::f32, {1, 2, 3, 4, 5, 6});
  const Array y = Array::zeros({1, 2, 2}, DType::f32);
  run(EmbeddingForward{y, tokens, table, {}, 0});
  EXPECT_EQ(y.values(), (Values{5, 6, 1, 2}));
}

TEST_F(EmbeddingTest, BackwardAddsEveryRowWhereItCameFrom) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {1, 37, 64, 130}) {
      const int64_t B = 4, T = 21, V = 7;
      const Array tokens = some_tokens(B, T, V), dy = random_array({B, T, C}, dtype, 3);
      const Array dtable = Array::filled({V, C}, DType::f32, 1), dpositions = Array::filled({T + 2, C}, DType::f32, 2);
      run_with_scratch(EmbeddingBackward{dtable, dpositions, dy, tokens});
      Values wanted(static_cast<size_t>(V * C), 1), wanted_positions(static_cast<size_t>((T + 2) * C), 2);
      const Values gradient = dy.values(), ids = tokens.values();
      for (size_t i = 0; i < gradient.size(); ++i) {
        const size_t n = i / static_cast<size_t>(C), c = i % static_cast<size_t>(C);
        wanted[static_cast<size_t>(ids[n]) * static_cast<size_t>(C) + c] += gradient[i];
        wanted_positions[n % static_cast<size_t>(T) * static_cast<size_t>(C) + c] += gradient[i];
      }
      expect_near(dtable.values(), wanted, 1e-5, "dtoken_table");
      expect_near(dpositions.values(), wanted_positions, 1e-5, "dposition_table");
    }
}

// Rare tokens and such as stand in hundreds of places, among more positions than are sorted at a time.
TEST_F(EmbeddingTest, BackwardFindsAllPlacesOfAToken) {
  for (const int64_t V : {1, 5, 700})
    for (const int64_t C : {20, 300}) {
      const int64_t B = 3, T = 1100;
      const Array tokens = some_tokens(B, T, V), dy = random_array({B, T, C}, DType::bf16, 3);
      const Array dtable = Array::filled({V, C}, DType::f32, 1);
      run_with_scratch(EmbeddingBackward{dtable, {}, dy, tokens});
      expect_near(dtable.values(), one_and_sums_by_token(tokens, dy, V), 1e-5, "dtoken_table");
    }
}

// Frequent tokens, whose rows are summed in pieces: one everywhere, 11 as among characters, and one at a tenth of all
// places beside rare ones. Some of the numbers of positions are more than are sorted as a whole. Sums of small whole
// numbers are exact, whatever their order.
TEST_F(EmbeddingTest, BackwardSumsFrequentTokensWhole) {
  const int64_t V = 2000;
  const std::vector<std::function<int64_t(int64_t)>> texts = {
      [](int64_t) { return 7; }, [](int64_t n) { return n * 7919 % 101 % 11; },
      [](int64_t n) { return n % 10 == 3 ? V - 1 : n * 7919 % V; }};
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const auto& [T, C] : std::vector<std::pair<int64_t, int64_t>>{{64, 4}, {1501, 530}, {5003, 6}, {33'001, 4}})
      for (const auto& text : texts) {
        Values ids, gradient = random_values(2 * T * C, 3);
        for (int64_t n = 0; n < 2 * T; ++n) ids.push_back(static_cast<double>(text(n)));
        for (double& value : gradient) value = std::round(9 * value);
        const Array tokens({2, T}, DType::i32, ids), dy({2, T, C}, dtype, gradient);
        const Array dtable = Array::filled({V, C}, DType::f32, 1);
        run_with_scratch(EmbeddingBackward{dtable, {}, dy, tokens});
        EXPECT_TRUE(dtable.values() == one_and_sums_by_token(tokens, dy, V)) << 2 * T << " rows of " << C;
      }
}

TEST_F(EmbeddingTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    const Array tokens = some_tokens(8, 100, 5), dy = random_array({8, 100, 70}, DType::f32, 3);
    const Array dtable = Array::zeros({5, 70}, DType::f32), dpositions = Array::zeros({100, 70}, DType::f32);
    Values first;
    for (int64_t n = 0; n < 800; ++n) first.push_back(static_cast<double>(n % 100 / 30 * 30));
    const Array starts({8, 100}, DType::i32, first), of_documents = Array::zeros({100, 70}, DType::f32);
    run_with_scratch(EmbeddingBackward{dtable, dpositions, dy, tokens});
    run_with_scratch(EmbeddingBackward{{}, of_documents, dy, tokens, starts});
    return Bits{dtable.bits(), dpositions.bits(), of_documents.bits()};
  });
}

}  // namespace
}  // namespace convoy::test
