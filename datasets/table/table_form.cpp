#include "datasets/table/table_form.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kRules = {
    std::pair{MissingRule::mean, std::string_view("mean")}, std::pair{MissingRule::median, std::string_view("median")},
    std::pair{MissingRule::category, std::string_view("category")},
    std::pair{MissingRule::drop, std::string_view("drop")}, std::pair{MissingRule::error, std::string_view("error")}};
constexpr std::array kTypes = {std::pair{ColumnType::number, std::string_view("number")},
                               std::pair{ColumnType::boolean, std::string_view("boolean")},
                               std::pair{ColumnType::date, std::string_view("date")},
                               std::pair{ColumnType::category, std::string_view("category")},
                               std::pair{ColumnType::dropped, std::string_view("dropped")}};

template <class Table, class Value>
std::string_view name_in(const Table& table, Value wanted) {
  for (const auto& [value, name] : table)
    if (value == wanted) return name;
  return "?";
}

ColumnType type_named(const std::string& wanted) {
  for (const auto& [type, name] : kTypes)
    if (name == wanted) return type;
  throw DataError(fmt::format("a column is of type \"{}\", which is none", wanted));
}

Json json_of(const TableColumn& column) {
  Json json = {{"name", column.name}, {"type", name_of(column.type)}, {"missing", column.missing}};
  if (!column.reason.empty()) json["reason"] = column.reason;
  if (column.fill) json["fill"] = *column.fill;
  if (column.has_indicator) json["indicator"] = true;
  if (column.type == ColumnType::category) {
    json["categories"] = column.categories;
    json["missing_is_category"] = column.missing_is_category;
    json["most_frequent"] = column.most_frequent;
  }
  return json;
}

TableColumn column_from(const Json& json) {
  TableColumn column{.name = json.at("name"), .type = type_named(json.at("type")), .reason = json.value("reason", "")};
  column.missing = json.value("missing", int64_t{0});
  if (json.contains("fill")) column.fill = json.at("fill").get<double>();
  column.has_indicator = json.value("indicator", false);
  if (column.type == ColumnType::category) {
    column.categories = json.at("categories").get<std::vector<std::string>>();
    column.missing_is_category = json.value("missing_is_category", false);
    column.most_frequent = json.value("most_frequent", int64_t{0});
    if (column.most_frequent < 0 || column.most_frequent >= static_cast<int64_t>(column.categories.size()))
      throw DataError(fmt::format("column \"{}\" has no category {}", column.name, column.most_frequent));
  }
  return column;
}

constexpr std::string_view kMissingName = "(missing)";

void add_names(const TableColumn& column, std::vector<std::string>& names) {
  for (const std::string& category : column.categories) names.push_back(column.name + "=" + category);
  if (column.missing_is_category) names.push_back(fmt::format("{}={}", column.name, kMissingName));
}

}  // namespace

std::string_view name_of(MissingRule rule) { return name_in(kRules, rule); }
std::string_view name_of(ColumnType type) { return name_in(kTypes, type); }

MissingRule missing_rule_named(const std::string& wanted) {
  for (const auto& [rule, name] : kRules)
    if (name == wanted) return rule;
  throw ConfigError(fmt::format("--missing {}: there are mean, median, category, drop and error", wanted));
}

std::vector<std::string> TableForm::x_columns() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i) {
    const TableColumn& column = columns[i];
    if (!is_feature(i)) continue;
    if (column.type != ColumnType::category) {
      names.push_back(column.name);
      if (column.has_indicator) names.push_back(fmt::format("{}={}", column.name, kMissingName));
    } else if (one_hot) {
      add_names(column, names);
    }
  }
  return names;
}

std::vector<std::string> TableForm::category_columns() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i)
    if (!one_hot && is_feature(i) && columns[i].type == ColumnType::category) names.push_back(columns[i].name);
  return names;
}

std::vector<std::string> TableForm::category_names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i)
    if (!one_hot && is_feature(i) && columns[i].type == ColumnType::category) add_names(columns[i], names);
  return names;
}

std::string to_json(const TableForm& form) {
  Json columns = Json::array();
  for (const TableColumn& column : form.columns) columns.push_back(json_of(column));
  const Json json = {{"kind", kTablePreprocessing},
                     {"header", form.has_header},
                     {"target", form.columns.at(form.target).name},
                     {"categories", form.one_hot ? "one-hot" : "integer"},
                     {"missing", name_of(form.missing)},
                     {"missing_values", form.missing_values},
                     {"columns", std::move(columns)}};
  return json_text(json, 1) + "\n";
}

TableForm table_form_from(const std::string& text) try {
  const Json json = parse_ordered_json(text);
  TableForm form{.has_header = json.at("header"), .one_hot = json.at("categories") == "one-hot"};
  form.missing = missing_rule_named(json.at("missing"));
  form.missing_values = json.at("missing_values").get<std::vector<std::string>>();
  for (const Json& column : json.at("columns")) form.columns.push_back(column_from(column));
  const std::string target = json.at("target");
  for (form.target = 0; form.target < form.columns.size(); ++form.target)
    if (form.columns[form.target].name == target) return form;
  throw DataError(fmt::format("no column is named as the target, \"{}\"", target));
} catch (const nlohmann::json::exception& error) {
  throw DataError(error.what());
} catch (const ConfigError& error) {
  throw DataError(error.what());
}

}  // namespace convoy
