#include "core/data/batch_source.h"

#include <algorithm>

namespace convoy {

const BatchField* find_field(std::span<const BatchField> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &BatchField::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string field_names(std::span<const BatchField> fields) {
  std::string names;
  for (const BatchField& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

}  // namespace convoy
