#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "datasets/grouped_number.h"
#include "datasets/table/cell_value.h"
#include "datasets/table/decide_form.h"

namespace convoy {
namespace {

constexpr size_t kCategoriesShown = 8;

std::string list_of(const std::vector<std::string>& categories) {
  const auto shown = std::span(categories).first(std::min(categories.size(), kCategoriesShown));
  return fmt::format("{}{}", fmt::join(shown, ", "), categories.size() > shown.size() ? ", ..." : "");
}

std::string what_missing_becomes(const TableForm& form, const TableColumn& column) {
  if (column.missing == 0) return {};
  if (form.missing == MissingRule::drop) return "; rows where it is missing are left out";
  std::string text = fmt::format("; missing: the {}", form.missing == MissingRule::median ? "median" : "mean");
  if (column.fill) text += fmt::format(", {:.6g}", *column.fill);
  return text + (column.has_indicator ? ", and a column that says so" : "");
}

std::string what_becomes(const TableForm& form, size_t i) {
  const TableColumn& column = form.columns[i];
  if (column.type == ColumnType::dropped) return column.reason;
  if (i == form.target) {
    const std::string without = column.missing > 0 ? "; rows without it are left out" : "";
    if (column.type != ColumnType::category) return "y, a number" + without;
    return fmt::format("y, {} classes: {}{}", column.categories.size(), list_of(column.categories), without);
  }
  if (column.type == ColumnType::category) {
    std::string names = list_of(column.categories);
    if (column.missing_is_category) names += ", (missing)";
    return fmt::format(
        "{} {}: {}{}", column.categories_in_all(), form.one_hot ? "columns of x" : "whole numbers", names,
        column.missing > 0 && form.missing == MissingRule::drop ? "; rows where it is missing are left out" : "");
  }
  const char* type = column.type == ColumnType::boolean ? "x, 0 or 1"
                     : column.type == ColumnType::date  ? "x, days since 1970"
                                                        : "x";
  return type + what_missing_becomes(form, column);
}

}  // namespace

std::string describe_form(const TableForm& form) {
  size_t width = 6;
  for (const TableColumn& column : form.columns) width = std::max(width, std::min<size_t>(column.name.size(), 40));
  std::string text = fmt::format("{:<{}} {:<8} {:>10}  {}\n", "column", width, "type", "missing", "becomes");
  for (size_t i = 0; i < form.columns.size(); ++i) {
    const TableColumn& column = form.columns[i];
    text += fmt::format("{:<{}} {:<8} {:>10}  {}\n", column.name, width, name_of(column.type), grouped(column.missing),
                        what_becomes(form, i));
  }
  return text;
}

}  // namespace convoy
