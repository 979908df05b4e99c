// A tensor with memory of its own on the test device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/tensor/tensor.h"
#include "tests/support/test_device.h"

namespace convoy::test {

using Values = std::vector<double>;
using Bits = std::vector<std::vector<std::byte>>;  // of several arrays

class Array {
 public:
  Array() = default;
  Array(const Shape& shape, DType dtype, const Values& values);  // rounded to dtype
  static Array zeros(const Shape& shape, DType dtype);
  static Array filled(const Shape& shape, DType dtype, double value);

  const Tensor& tensor() const { return tensor_; }
  operator const Tensor&() const { return tensor_; }  // NOLINT(google-explicit-constructor): stands for its tensor
  int64_t size() const { return tensor_.elements(); }

  Values values() const;
  std::vector<std::byte> bits() const;

  Array(const Array& other);  // copies the elements
  Array(Array&&) noexcept = default;
  Array& operator=(Array&&) noexcept = default;

 private:
  TestMemory memory_;
  Tensor tensor_;
};

// Numbers in [-1, 1) that depend on the seed alone.
Values random_values(int64_t count, uint32_t seed);
// Random numbers, rounded to dtype.
Array random_array(const Shape& shape, DType dtype, uint32_t seed, double factor = 1);

// Central differences of f at x, for the elements `chosen`.
Values numeric_gradient(const std::function<double(const Values&)>& f, const Values& x,
                        const std::vector<int64_t>& chosen);
// At most `count` of n positions, spread over all, the last among them.
std::vector<int64_t> spread_positions(int64_t n, int64_t count);

double dot(const Values& a, const Values& b);

// |actual - expected| <= tolerance * (1 + |expected|) everywhere; equal infinities and NaN with NaN are near.
void expect_near(const Values& actual, const Values& expected, double tolerance, const char* what);
// The same for chosen positions of actual.
void expect_near_at(const Values& actual, const std::vector<int64_t>& chosen, const Values& expected, double tolerance,
                    const char* what);

}  // namespace convoy::test
