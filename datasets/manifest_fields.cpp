#include "datasets/manifest_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Column& column) {
  Json json = {{"name", column.name}};
  if (const auto& of = column.statistics)
    json.update({{"mean", of->mean}, {"deviation", of->deviation}, {"min", of->min}, {"max", of->max}});
  return json;
}

Column column_from(const Json& json) {
  Column column{json.at("name"), {}};
  if (json.contains("mean"))
    column.statistics = ColumnStatistics{json.at("mean"), json.at("deviation"), json.at("min"), json.at("max")};
  return column;
}

Shape shape_from(const Json& json, const std::string& field) {
  const auto extents = json.get<std::vector<int64_t>>();
  const size_t most = Shape::kMaxDims - 1;  // a batch has one more
  if (extents.size() > most)
    throw DataError(
        fmt::format("field {} has {} dimensions a sample, at most {} can be read", field, extents.size(), most));
  constexpr int64_t kMostElements = int64_t{1} << 40;
  int64_t elements = 1;
  for (const int64_t extent : extents) {
    if (extent < 1 || extent > kMostElements / elements)
      throw DataError(
          fmt::format("field {} has an extent of {}, wanted 1 to {} elements a sample", field, extent, kMostElements));
    elements *= extent;
  }
  return Shape(std::span(extents));
}

void check_names(const StoredField& field) {
  const auto elements = static_cast<size_t>(field.shape.elements());
  if (!field.facts.columns.empty() && field.facts.columns.size() != elements)
    throw DataError(fmt::format("field {} has {} elements a sample and names for {}; name each or none", field.name,
                                elements, field.facts.columns.size()));
  const int64_t last = field.shape.dims() == 0 ? 1 : field.shape[field.shape.dims() - 1];
  if (!field.facts.channels.empty() && static_cast<int64_t>(field.facts.channels.size()) != last)
    throw DataError(fmt::format("field {} has {} channels a sample and names for {}; name each or none", field.name,
                                last, field.facts.channels.size()));
  if (!field.facts.classes.empty() && batch_dtype(field.type) == DType::f32)
    throw DataError(
        fmt::format("field {} has classes, but is of type {}; labels are integers", field.name, name_of(field.type)));
}

}  // namespace

Json to_json(const StoredField& field) {
  Json json = {{"name", field.name},
               {"dtype", std::string(name_of(field.type))},
               {"shape", std::vector<int64_t>(field.shape.begin(), field.shape.end())}};
  for (const Column& column : field.facts.columns) json["columns"].push_back(to_json(column));
  for (const Column& channel : field.facts.channels) json["channels"].push_back(to_json(channel));
  if (!field.facts.classes.empty()) json["classes"] = field.facts.classes;
  if (field.facts.ragged) json["ragged"] = true;
  return json;
}

StoredField field_from(const Json& json) {
  StoredField field;
  field.name = json.at("name");
  const std::string type = json.at("dtype");
  const auto known = stored_type_named(type);
  if (!known)
    throw DataError(fmt::format("field {} is of type \"{}\"; wanted one of {}", field.name, type, stored_type_names()));
  field.type = *known;
  field.shape = shape_from(json.at("shape"), field.name);
  if (json.contains("columns"))
    for (const Json& column : json.at("columns")) field.facts.columns.push_back(column_from(column));
  if (json.contains("channels"))
    for (const Json& channel : json.at("channels")) field.facts.channels.push_back(column_from(channel));
  if (json.contains("classes")) field.facts.classes = json.at("classes").get<std::vector<std::string>>();
  field.facts.ragged = json.value("ragged", false);
  field.limit = static_cast<int64_t>(field.facts.classes.size());
  check_names(field);
  return field;
}

}  // namespace convoy
