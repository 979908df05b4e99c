#include "tests/kernels/support/array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <type_traits>

namespace convoy::test {

namespace {

template <class Element>
std::vector<Element> rounded(const Values& values) {
  std::vector<Element> elements;
  for (const double value : values) {
    if constexpr (std::is_same_v<Element, bf16>)
      elements.push_back(bf16(static_cast<float>(value)));
    else
      elements.push_back(static_cast<Element>(value));
  }
  return elements;
}

template <class Element>
Values widened(const Tensor& tensor) {
  Values values;
  for (const Element element : read<Element>(tensor)) {
    if constexpr (std::is_same_v<Element, bf16>)
      values.push_back(static_cast<double>(static_cast<float>(element)));
    else
      values.push_back(static_cast<double>(element));
  }
  return values;
}

}  // namespace

Array::Array(const Shape& shape, DType dtype, const Values& values)
    : memory_(static_cast<size_t>(shape.elements()) * size_of(dtype)), tensor_{memory_.data(), dtype, shape} {
  if (dtype == DType::f32) write(tensor_, rounded<float>(values));
  if (dtype == DType::bf16) write(tensor_, rounded<bf16>(values));
  if (dtype == DType::i32) write(tensor_, rounded<int32_t>(values));
  if (dtype == DType::i64) write(tensor_, rounded<int64_t>(values));
  if (dtype == DType::u8) write(tensor_, rounded<uint8_t>(values));
}

Array Array::zeros(const Shape& shape, DType dtype) { return Array(shape, dtype, {}); }

Array Array::filled(const Shape& shape, DType dtype, double value) {
  return Array(shape, dtype, Values(static_cast<size_t>(shape.elements()), value));
}

Array::Array(const Array& other)
    : memory_(other.tensor_.bytes()), tensor_{memory_.data(), other.tensor_.dtype, other.tensor_.shape} {
  if (tensor_.bytes() > 0) write(tensor_, other.bits());
}

Values Array::values() const {
  switch (tensor_.dtype) {
    case DType::f32:
      return widened<float>(tensor_);
    case DType::bf16:
      return widened<bf16>(tensor_);
    case DType::i32:
      return widened<int32_t>(tensor_);
    case DType::i64:
      return widened<int64_t>(tensor_);
    case DType::u8:
      return widened<uint8_t>(tensor_);
    case DType::f16:
      break;
  }
  return {};
}

std::vector<std::byte> Array::bits() const { return read<std::byte>(tensor_); }

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
