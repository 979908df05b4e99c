#include "datasets/hdf5/field_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"

namespace convoy::hdf5 {
namespace {

constexpr int64_t kHeldBytes = 4 << 20;

int64_t step_of(const SourceArray& array, int64_t row_bytes) {
  const int64_t band = array.band_rows(), bands = std::max<int64_t>(1, kHeldBytes / (band * row_bytes));
  return std::min(array.rows(), band * bands);
}

}  // namespace

Shape sample_shape(const SourceArray& array) {
  std::vector<int64_t> shape(array.extents().begin() + 1, array.extents().end());
  if (shape.empty()) shape.push_back(1);
  if (shape.size() == 2 && array.type() == "uint8") shape.push_back(1);
  if (shape.size() >= Shape::kMaxDims)
    throw DataError(
        fmt::format("\"{}\" has samples of {} dimensions; at most {} can be read: write it in another shape",
                    array.name(), shape.size(), Shape::kMaxDims - 1));
  return Shape(std::span<const int64_t>(shape));
}

FieldSource::FieldSource(const SourceArray& array, std::string shown, const StoredField& field)
    : array_(array), shown_(std::move(shown)), field_(field), step_(step_of(array, field.row_bytes())) {}

int64_t FieldSource::rows_at_once(int64_t begin) const {
  return std::min(array_.rows(), (begin / step_ + 1) * step_) - begin;
}

std::span<const std::byte> FieldSource::read(int64_t begin, int64_t count) {
  if (begin < held_begin_ || begin + count > held_end_) load(begin);
  const auto row_bytes = static_cast<size_t>(field_.row_bytes());
  return std::span<const std::byte>(held_).subspan(static_cast<size_t>(begin - held_begin_) * row_bytes,
                                                   static_cast<size_t>(count) * row_bytes);
}

void FieldSource::load(int64_t begin) {
  held_begin_ = begin / step_ * step_;
  held_end_ = std::min(array_.rows(), held_begin_ + step_);
  const int64_t count = held_end_ - held_begin_, elements = count * field_.shape.elements();
  held_.resize(static_cast<size_t>(count * field_.row_bytes()));
  if (field_.type == StoredType::u8) return array_.read(held_begin_, count, reinterpret_cast<uint8_t*>(held_.data()));
  if (field_.type == StoredType::i32) {
    integers_.resize(static_cast<size_t>(elements));
    array_.read(held_begin_, count, integers_.data());
    auto* out = reinterpret_cast<int32_t*>(held_.data());
    for (int64_t i = 0; i < elements; ++i) out[i] = static_cast<int32_t>(integers_[static_cast<size_t>(i)]);
  } else if (array_.kind() == NumberKind::real) {
    array_.read(held_begin_, count, reinterpret_cast<float*>(held_.data()));
  } else {
    integers_.resize(static_cast<size_t>(elements));
    array_.read(held_begin_, count, integers_.data());
    auto* out = reinterpret_cast<float*>(held_.data());
    for (int64_t i = 0; i < elements; ++i) out[i] = static_cast<float>(integers_[static_cast<size_t>(i)]);
  }
  check(held_begin_, elements);
}

void FieldSource::check(int64_t begin, int64_t elements) const {
  const int64_t of_row = field_.shape.elements();
  const auto refuse = [&](int64_t i, const std::string& found, const char* wanted) {
    throw DataError(fmt::format("{} is {}; wanted {}",
                                place_of(shown_, array_.extents(), begin + i / of_row, i % of_row), found, wanted));
  };
  if (field_.type == StoredType::f32) {
    const auto* numbers = reinterpret_cast<const float*>(held_.data());
    for (int64_t i = 0; i < elements; ++i)
      if (!std::isfinite(numbers[i]))
        refuse(i, fmt::format("{}", numbers[i]), "finite numbers (within f32): fill it in or leave the sample out");
  } else {
    using I32 = std::numeric_limits<int32_t>;
    for (int64_t i = 0; i < elements; ++i)
      if (const int64_t value = integers_[static_cast<size_t>(i)]; value < I32::min() || value > I32::max())
        refuse(i, fmt::format("{}", value), "an i32; --numbers NAME imports a field as f32");
  }
}

std::string place_of(std::string_view name, const std::vector<int64_t>& extents, int64_t row, int64_t element) {
  std::vector<int64_t> place(extents.size());
  for (size_t d = extents.size() - 1; d > 0; --d) {
    place[d] = element % extents[d];
    element /= extents[d];
  }
  place[0] = row;
  return fmt::format("{}[{}]", name, fmt::join(place, ", "));
}

}  // namespace convoy::hdf5
