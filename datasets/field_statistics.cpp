#include "datasets/field_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace convoy {
namespace {

constexpr int64_t kMostColumns = 4096;

int64_t last_extent(const StoredField& field) { return field.shape.dims() == 0 ? 1 : field.shape[-1]; }

bool has_statistics(const StoredField& field) {
  return field.type == StoredType::u8 || batch_dtype(field.type) == DType::f32;
}

bool is_image(const StoredField& field) {
  return field.type == StoredType::u8 && field.shape.dims() == 3 &&
         (last_extent(field) == 1 || last_extent(field) == 3);
}

int64_t columns_of(const StoredField& field) {
  const int64_t columns = last_extent(field);
  return has_statistics(field) && columns <= kMostColumns ? columns : 0;
}

}  // namespace

FieldStatistics::FieldStatistics(const StoredField& field)
    : is_image_(is_image(field)),
      type_(field.type),
      columns_(columns_of(field)),
      statistics_(static_cast<size_t>(columns_)) {}

void FieldStatistics::add(std::span<const std::byte> rows) {
  if (columns_ == 0) return;
  const int64_t elements = static_cast<int64_t>(rows.size()) / size_of(type_);
  if (is_image_) {
    sums_.add(reinterpret_cast<const uint8_t*>(rows.data()), elements / columns_, columns_);
    return;
  }
  numbers_.resize(static_cast<size_t>(elements));
  if (type_ == StoredType::u8)
    std::transform(rows.begin(), rows.end(), numbers_.begin(),
                   [](std::byte value) { return static_cast<float>(std::to_integer<int>(value)); });
  else
    convert_elements(type_, rows.data(), elements, numbers_.data());
  for (int64_t i = 0; i < elements; i += columns_)
    statistics_.add(std::span(numbers_).subspan(static_cast<size_t>(i), static_cast<size_t>(columns_)));
}

void FieldStatistics::tell(StoredField& field) const {
  if (columns_ == 0) return;
  if (is_image_) {
    field.facts.channels = sums_.channels(columns_);
    return;
  }
  std::vector<Column>& columns = field.shape.dims() <= 1 ? field.facts.columns : field.facts.channels;
  if (columns.empty())
    for (int64_t i = 0; i < columns_; ++i)
      columns.push_back({columns_ == 1 ? field.name : fmt::format("{}[{}]", field.name, i), {}});
  for (size_t i = 0; i < columns.size(); ++i) columns[i].statistics = statistics_.of(i);
}

}  // namespace convoy
