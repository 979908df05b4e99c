#include "datasets/compare_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {
namespace {

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

std::string shape_text(const StoredField& field) {
  return fmt::format("{} {} {}", field.name, to_string(field.shape), name_of(batch_dtype(field.type)));
}

std::string list_of_fields(const std::vector<StoredField>& fields) {
  std::vector<std::string> texts;
  for (const StoredField& field : fields) texts.push_back(shape_text(field));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string difference_of_names(const char* what, const StoredField& wanted, const std::vector<std::string>& of_wanted,
                                const std::vector<std::string>& of_found) {
  if (of_wanted == of_found) return {};
  size_t i = 0;
  while (i < of_wanted.size() && i < of_found.size() && of_wanted[i] == of_found[i]) ++i;
  const auto name = [&](const std::vector<std::string>& names) {
    return i < names.size() ? fmt::format("\"{}\"", names[i]) : std::string("none");
  };
  return fmt::format("{} {} of {} is {}, not {}", what, i + 1, wanted.name, name(of_found), name(of_wanted));
}

}  // namespace

std::string difference_of_fields(const std::string& wanted, const std::string& found) {
  const std::vector<StoredField> a = fields_from_json(wanted), b = fields_from_json(found);
  if (list_of_fields(a) != list_of_fields(b))
    return fmt::format("fields are {}, not {}", list_of_fields(b), list_of_fields(a));
  for (size_t i = 0; i < a.size(); ++i) {
    std::string text = difference_of_names("column", a[i], names_of(a[i].facts.columns), names_of(b[i].facts.columns));
    if (text.empty())
      text = difference_of_names("channel", a[i], names_of(a[i].facts.channels), names_of(b[i].facts.channels));
    if (text.empty()) text = difference_of_names("class", a[i], a[i].facts.classes, b[i].facts.classes);
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace convoy
