// Extents of a dense row-major tensor, at most five, held in place: copying a shape allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace convoy {

class Shape {
 public:
  static constexpr int kMaxDims = 5;

  Shape() = default;
  Shape(std::initializer_list<int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const int64_t> extents);

  int dims() const { return dims_; }
  // Negative positions count from the end, as in NumPy: shape[-1] is the innermost extent.
  int64_t operator[](int dim) const { return extents_[static_cast<size_t>(dim < 0 ? dim + dims_ : dim)]; }
  int64_t elements() const;
  bool operator==(const Shape&) const = default;

  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + dims_; }

 private:
  std::array<int64_t, kMaxDims> extents_{};
  int dims_ = 0;
};

std::string to_string(const Shape& shape);  // "(8, 256, 384)"

}  // namespace convoy
