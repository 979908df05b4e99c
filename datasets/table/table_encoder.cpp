#include "datasets/table/table_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "datasets/table/parse_date.h"
#include "datasets/table/parse_number.h"

namespace convoy {
namespace {

[[noreturn]] void refuse_cell(const TableColumn& column, std::string_view cell, const std::string& problem) {
  throw DataError(
      fmt::format("column \"{}\": {} {}", column.name, cell.empty() ? "the cell" : quoted_cell(cell), problem));
}

std::string why_no_category(const TableColumn& column, std::string_view cell) {
  std::string names;
  for (size_t i = 0; i < std::min<size_t>(column.categories.size(), 8); ++i)
    names += (names.empty() ? "" : ", ") + column.categories[i];
  return fmt::format("is none of the {} categories that were trained on: {}{}{}", column.categories.size(), names,
                     column.categories.size() > 8 ? ", ..." : "", did_you_mean(cell, column.categories));
}

}  // namespace

TableEncoder::TableEncoder(const TableForm& form, std::vector<std::optional<size_t>> place, UnknownCategory unknown)
    : form_(form), missing_(form.missing_values), unknown_(unknown) {
  for (size_t i = 0; i < form.columns.size(); ++i)
    if (form.is_feature(i)) add(form.columns[i], place[i].value());
  if (place[form.target]) target_ = plan_of(form.columns[form.target], *place[form.target]);
}

void TableEncoder::add(const TableColumn& column, size_t place) {
  Plan plan = plan_of(column, place);
  const auto categories = static_cast<size_t>(column.categories_in_all());
  if (column.type != ColumnType::category) {
    plan.at = numbers_, plan.field_at = x_;
    numbers_ += column.has_indicator ? 2 : 1;
    x_ += column.has_indicator ? 2 : 1;
  } else if (form_.one_hot) {
    plan.at = ids_++, plan.field_at = x_;
    x_ += categories;
  } else {
    plan.at = ids_++, plan.field_at = categories_++;
    plan.first_id = next_id_;
    next_id_ += static_cast<int32_t>(categories);
  }
  plans_.push_back(std::move(plan));
}

TableEncoder::Plan TableEncoder::plan_of(const TableColumn& column, size_t place) {
  Plan plan{&column, place};
  for (const std::string& category : column.categories)
    plan.ids.emplace(category, static_cast<int32_t>(plan.ids.size()));
  return plan;
}

void TableEncoder::expand(const float* numbers, const int32_t* ids, float* x, int32_t* categories) const {
  std::fill(x, x + x_, 0.0f);
  for (const Plan& plan : plans_) {
    if (plan.column->type != ColumnType::category) {
      x[plan.field_at] = numbers[plan.at];
      if (plan.column->has_indicator) x[plan.field_at + 1] = numbers[plan.at + 1];
    } else if (form_.one_hot) {
      x[plan.field_at + static_cast<size_t>(ids[plan.at])] = 1;
    } else {
      categories[plan.field_at] = plan.first_id + ids[plan.at];
    }
  }
}

TableEncoder::Use TableEncoder::encode(CsvCells cells, Row& row) const {
  if (target_) {
    const std::string_view cell = cells[target_->place];
    if (missing_.contains(cell)) return Use::without_target;
    if (form_.has_classes()) {
      const auto found = target_->ids.find(cell);
      if (found == target_->ids.end()) refuse_cell(*target_->column, cell, "is none of the classes");
      row.label = found->second;
    } else {
      bool ignored = false;
      row.number = static_cast<float>(number_of(*target_, cell, ignored));
    }
  }
  bool whole = true;
  for (const Plan& plan : plans_) whole = encode_feature(plan, cells[plan.place], row) && whole;
  return whole ? Use::whole : Use::missing;
}

// A cell of a number is read by what its column is, once it is known not to be missing.
double TableEncoder::number_of(const Plan& plan, std::string_view cell, bool& is_missing) const {
  double value = 0;
  const TableColumn& column = *plan.column;
  const auto read = [&] {
    if (column.type == ColumnType::boolean) return parse_boolean(cell, value);
    return column.type == ColumnType::date ? parse_date(cell, value) : parse_number(cell, value);
  };
  if (read()) {
    if (column.type != ColumnType::number || !missing_.contains(cell)) return value;
    is_missing = true;
    return 0;
  }
  is_missing = missing_.contains(cell);
  if (is_missing) return 0;
  if (column.type == ColumnType::boolean) refuse_cell(column, cell, "is none of true, false, yes and no");
  if (column.type == ColumnType::date) refuse_cell(column, cell, "is no date as 2024-03-05 or 2024-03-05T14:30");
  refuse_cell(column, cell, why_no_number(cell));
}

// False: the row is of no use without the cell.
bool TableEncoder::encode_feature(const Plan& plan, std::string_view cell, Row& row) const {
  const TableColumn& column = *plan.column;
  if (column.type == ColumnType::category) return encode_category(plan, cell, row);
  bool is_missing = false;
  const double value = number_of(plan, cell, is_missing);
  if (column.has_indicator) row.numbers[plan.at + 1] = is_missing ? 1 : 0;
  row.numbers[plan.at] =
      static_cast<float>(is_missing ? column.fill.value_or(std::numeric_limits<double>::quiet_NaN()) : value);
  return !is_missing || (form_.missing != MissingRule::drop && form_.missing != MissingRule::error);
}

bool TableEncoder::encode_category(const Plan& plan, std::string_view cell, Row& row) const {
  const TableColumn& column = *plan.column;
  bool is_missing = missing_.contains(cell);
  auto id = static_cast<int32_t>(column.most_frequent);
  if (!is_missing) {
    if (const auto found = plan.ids.find(cell); found != plan.ids.end())
      id = found->second;
    else if (unknown_ == UnknownCategory::error)
      refuse_cell(column, cell, why_no_category(column, cell) + "; --unknown-category missing takes it as missing");
    else
      is_missing = true;
  }
  if (is_missing && column.missing_is_category) id = static_cast<int32_t>(column.categories.size());
  row.ids[plan.at] = id;
  return !is_missing || (form_.missing != MissingRule::drop && form_.missing != MissingRule::error);
}

}  // namespace convoy
