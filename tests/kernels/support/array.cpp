#include "tests/kernels/support/array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

namespace convoy::test {

Array::Array(const Shape& shape, DType dtype, const Values& values)
    : memory_(static_cast<size_t>(shape.elements()) * size_of(dtype)), tensor_{memory_.data(), dtype, shape} {
  for (size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) as<float>()[i] = static_cast<float>(values[i]);
    if (dtype == DType::bf16) as<bf16>()[i] = bf16(static_cast<float>(values[i]));
    if (dtype == DType::i32) as<int32_t>()[i] = static_cast<int32_t>(values[i]);
    if (dtype == DType::i64) as<int64_t>()[i] = static_cast<int64_t>(values[i]);
    if (dtype == DType::u8) as<uint8_t>()[i] = static_cast<uint8_t>(values[i]);
  }
}

Array Array::zeros(const Shape& shape, DType dtype) { return Array(shape, dtype, {}); }

Array Array::filled(const Shape& shape, DType dtype, double value) {
  return Array(shape, dtype, Values(static_cast<size_t>(shape.elements()), value));
}

Array::Array(const Array& other)
    : memory_(other.memory_), tensor_{memory_.data(), other.tensor_.dtype, other.tensor_.shape} {}

Values Array::values() const {
  Values result;
  for (int64_t i = 0; i < size(); ++i) {
    if (tensor_.dtype == DType::f32) result.push_back(static_cast<double>(tensor_.as<float>()[i]));
    if (tensor_.dtype == DType::bf16) result.push_back(static_cast<double>(static_cast<float>(tensor_.as<bf16>()[i])));
    if (tensor_.dtype == DType::i32) result.push_back(tensor_.as<int32_t>()[i]);
    if (tensor_.dtype == DType::u8) result.push_back(tensor_.as<uint8_t>()[i]);
  }
  return result;
}

std::vector<std::byte> Array::bits() const { return memory_; }

Values random_values(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  Values values(static_cast<size_t>(count));
  for (double& value : values) value = static_cast<double>(generator() >> 8) * 0x1p-23 - 1.0;
  return values;
}

Array random_array(const Shape& shape, DType dtype, uint32_t seed, double factor) {
  Values values = random_values(shape.elements(), seed);
  for (double& value : values) value *= factor;
  return Array(shape, dtype, values);
}

Values numeric_gradient(const std::function<double(const Values&)>& f, const Values& x,
                        const std::vector<int64_t>& chosen) {
  Values gradient, moved = x;
  for (const int64_t position : chosen) {
    double& element = moved[static_cast<size_t>(position)];
    const double middle = element, step = 1e-5 * std::max(1.0, std::abs(middle));
    element = middle + step;
    const double above = f(moved);
    element = middle - step;
    gradient.push_back((above - f(moved)) / (2 * step));
    element = middle;
  }
  return gradient;
}

std::vector<int64_t> spread_positions(int64_t n, int64_t count) {
  std::vector<int64_t> positions;
  const int64_t step = std::max<int64_t>(1, n / std::max<int64_t>(1, count)) | 1;  // odd: not always the same column
  for (int64_t i = n - 1; i >= 0; i -= step) positions.push_back(i);
  return positions;
}

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void expect_near(const Values& actual, const Values& expected, double tolerance, const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i]))) continue;
    const double bound = tolerance * (1 + std::abs(expected[i]));
    ASSERT_LE(std::abs(actual[i] - expected[i]), bound)
        << what << "[" << i << "] is " << actual[i] << ", wanted " << expected[i];
  }
}

void expect_near_at(const Values& actual, const std::vector<int64_t>& chosen, const Values& expected, double tolerance,
                    const char* what) {
  Values picked;
  for (const int64_t position : chosen) picked.push_back(actual[static_cast<size_t>(position)]);
  expect_near(picked, expected, tolerance, what);
}

}  // namespace convoy::test
