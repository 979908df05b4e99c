#include "datasets/table/decide_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/table/parse_number.h"

namespace convoy {
namespace {

constexpr size_t kMostNumberTexts = 256;  // of a column that may be a category all the same
constexpr int64_t kNumbersPerMistake = 8;
constexpr int64_t kFewTexts = 10;  // are categories even if each occurs once

// Decides on one column after the other.
class Decision {
 public:
  Decision(const FormRules& rules, const TableHeader& header, const std::vector<ColumnCensus>& columns,
           const std::vector<std::string>& shown)
      : rules_(rules), header_(header), columns_(columns), shown_(shown) {
    form().has_header = header.is_row;
    form().one_hot = rules.one_hot;
    form().missing = rules.missing;
    form().missing_values = rules.missing_values;
    form().target = find_column(header, rules.target, "--target");
  }

  DecidedForm run() {
    std::vector<bool> drop(columns_.size());
    for (const std::string& name : rules_.dropped) drop[find_column(header_, name, "--drop")] = true;
    if (drop[form().target]) throw ConfigError(fmt::format("--drop {}: is the target", rules_.target));
    for (size_t i = 0; i < columns_.size(); ++i) {
      form().columns.push_back({.name = header_.names[i], .missing = columns_[i].missing()});
      if (i == form().target)
        decide_target();
      else if (drop[i])
        drop_it("--drop names it");
      else
        decide_feature();
      check_missing();
    }
    const bool any = std::any_of(form().columns.begin(), form().columns.end(), [&](const TableColumn& column) {
      return form().is_feature(static_cast<size_t>(&column - form().columns.data()));
    });
    if (!any)
      throw DataError(fmt::format("{}: no column but {} is of use; wanted others to tell it from:\n{}", shown_[0],
                                  rules_.target, describe_form(form())));
    return std::move(decided_);
  }

 private:
  TableForm& form() { return decided_.form; }
  TableColumn& column() { return form().columns.back(); }
  const ColumnCensus& census() { return columns_[form().columns.size() - 1]; }
  void note(std::string text) { decided_.notes.push_back(std::move(text)); }
  void drop_it(std::string reason) {
    column().type = ColumnType::dropped;
    column().reason = std::move(reason);
  }

  [[noreturn]] void refuse(const CellPlace& place, const std::string& problem) {
    throw DataError(fmt::format("{}: line {}, column \"{}\": {} {}", shown_[place.file], place.line, column().name,
                                place.cell.empty() ? "the cell" : quoted_cell(place.cell), problem));
  }

  // Numbers but for a few cells. A category of which some are called by numbers has few of these.
  bool is_number_with_mistakes() {
    const ColumnCensus& c = census();
    if (c.numbers() <= c.others()) return false;
    if (c.others() == 1) return true;
    const auto different =
        static_cast<int64_t>(c.number_texts().too_many() ? kMostNumberTexts : c.number_texts().size());
    return !c.texts().too_many() && different >= kNumbersPerMistake * static_cast<int64_t>(c.texts().size());
  }

  void refuse_mistakes() {
    const ColumnCensus& c = census();
    if (is_number_with_mistakes())
      refuse(*c.first_other(), why_no_number(c.first_other()->cell) +
                                   fmt::format("; the column has {} numbers and {} other cells (--drop: without it)",
                                               c.numbers(), c.others()));
    if (c.dates() > c.values() - c.dates() && c.first_no_date())
      refuse(*c.first_no_date(),
             "is no date as 2024-03-05 or 2024-03-05T14:30, as others of the column are; mend it, "
             "or name it in --missing-values if it says that there is none");
  }

  void decide_target() {
    const ColumnCensus& c = census();
    if (c.values() == 0)
      throw DataError(fmt::format("{}: the target \"{}\" has no value in any row", shown_[0], rules_.target));
    const bool numbers = c.numbers() == c.values();
    if (rules_.target_type == TargetType::number && !numbers)
      refuse(*c.first_other(), why_no_number(c.first_other()->cell) + "; --target-type class: the target are classes");
    if (rules_.target_type == TargetType::automatic && !numbers) refuse_mistakes();
    if (rules_.target_type == TargetType::classes || !numbers) return decide_classes();
    column().type = ColumnType::number;
    note_rounded();
    if (c.all_equal())
      note(fmt::format("the target \"{}\" is {:g} in all rows, so that there is nothing to learn", column().name,
                       c.first()));
    else if (c.all_whole() && !c.number_texts().too_many() && c.number_texts().size() <= 20)
      note(fmt::format(
          "the target \"{}\" is taken as a number; if its {} different whole numbers are classes, import it with "
          "--target-type class",
          column().name, c.number_texts().size()));
  }

  void decide_classes() {
    const ColumnCensus& c = census();
    if (c.texts().too_many() || c.number_texts().too_many() ||
        static_cast<int64_t>(c.texts().size() + c.number_texts().size()) > kMostClasses)
      throw DataError(
          fmt::format("{}: the target \"{}\" has more than {} different values, which are no classes; name "
                      "another --target, or --target-type number",
                      shown_[0], column().name, kMostClasses));
    set_categories();
    if (column().categories.size() < 2)
      throw DataError(fmt::format("{}: the target \"{}\" is {} in all rows; wanted two classes or more to tell apart",
                                  shown_[0], column().name, quoted_cell(column().categories.at(0))));
  }

  void decide_feature() {
    const ColumnCensus& c = census();
    if (c.values() == 0) return drop_it("no row has a value");
    if (c.numbers() == c.values()) return decide_number();
    if (c.booleans() == c.values()) return decide_text(ColumnType::boolean);
    refuse_mistakes();
    decide_text(c.dates() == c.values() ? ColumnType::date : ColumnType::category);
  }

  void decide_number() {
    const ColumnCensus& c = census();
    column().type = ColumnType::number;
    if (c.all_equal() && !tells_by_missing() && !rules_.keep_constant)
      return drop_it(fmt::format("is {:g} in all rows, which tells nothing (--keep-constant)", c.first()));
    if (c.counts_rows() && c.missing() == 0 && !has_own_name()) return drop_it("numbers of rows, without a name");
    if (c.counts_rows() && c.missing() == 0)
      note(fmt::format("column \"{}\" counts the rows; if it is only a number of theirs, import without it: --drop {}",
                       column().name, column().name));
    note_rounded();
    set_numeric();
  }

  bool has_own_name() { return !header_.is_row || column().name != fmt::format("column_{}", form().columns.size()); }
  bool tells_by_missing() { return census().missing() > 0 && rules_.missing == MissingRule::category; }

  void set_numeric() { column().has_indicator = tells_by_missing(); }

  void note_rounded() {
    if (census().rounded() > 0)
      note(
          fmt::format("column \"{}\" has {} whole numbers that f32 rounds, being larger than 16777216; if they are "
                      "names, of customers for example, leave the column out: --drop {}",
                      column().name, census().rounded(), column().name));
  }

  // Booleans and dates are texts of few sorts, too.
  void decide_text(ColumnType type) {
    const ColumnCensus& c = census();
    const bool many = c.texts().too_many() || c.number_texts().too_many();
    const auto different = static_cast<int64_t>(c.texts().size() + c.number_texts().size());
    column().type = type;
    if (!many && different == 1 && !(type == ColumnType::category ? c.missing() > 0 : tells_by_missing()))
      return drop_it(
          fmt::format("is {} in all rows, which tells nothing", quoted_cell(c.texts().sorted().at(0).first)));
    if (type != ColumnType::category) return set_numeric();
    if (many || different > rules_.most_categories)
      return drop_it(fmt::format("text of more than {} different values (--max-categories)", rules_.most_categories));
    if (different > kFewTexts && 2 * different > c.values())
      return drop_it(
          fmt::format("text that is another in most rows: {} different values in {} rows", different, c.values()));
    set_categories();
  }

  // In the order of the numbers, if all are numbers, else of the bytes: no order of rows changes it.
  void set_categories() {
    column().type = ColumnType::category;
    std::vector<std::pair<std::string, int64_t>> all = census().texts().sorted();
    const bool numbers = all.empty();
    for (auto& counted : census().number_texts().sorted()) all.push_back(std::move(counted));
    const auto value = [](const std::string& text) {
      double number = 0;
      parse_number(text, number);
      return number;
    };
    std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
      const double x = numbers ? value(a.first) : 0, y = numbers ? value(b.first) : 0;
      return x != y ? x < y : a.first < b.first;
    });
    int64_t most = 0;
    for (const auto& [text, times] : all) {
      if (times > most) column().most_frequent = static_cast<int64_t>(column().categories.size()), most = times;
      column().categories.push_back(text);
    }
    const bool is_target = form().columns.size() - 1 == form().target;
    const bool fills = rules_.missing != MissingRule::drop && rules_.missing != MissingRule::error;
    column().missing_is_category = !is_target && fills && census().missing() > 0;
  }

  void check_missing() {
    if (rules_.missing != MissingRule::error || column().type == ColumnType::dropped || census().missing() == 0) return;
    refuse(*census().first_missing(),
           fmt::format("{} missing, of {} in the column; with --missing mean, median, category or drop it is imported",
                       census().first_missing()->cell.empty() ? "is" : "says that it is", census().missing()));
  }

  const FormRules& rules_;
  const TableHeader& header_;
  const std::vector<ColumnCensus>& columns_;
  const std::vector<std::string>& shown_;
  DecidedForm decided_;
};

}  // namespace

TargetType target_type_named(const std::string& name) {
  if (name == "auto") return TargetType::automatic;
  if (name == "number") return TargetType::number;
  if (name == "class") return TargetType::classes;
  throw ConfigError(fmt::format("--target-type {}: there are auto, number and class", name));
}

std::vector<ColumnCensus> census_for(const FormRules& rules, const TableHeader& header) {
  std::vector<ColumnCensus> columns;
  for (const std::string& name : header.names) {
    const bool is_target = name == rules.target;
    const auto texts = static_cast<size_t>(is_target ? kMostClasses : rules.most_categories);
    columns.emplace_back(texts, is_target && rules.target_type == TargetType::classes ? texts : kMostNumberTexts);
  }
  return columns;
}

DecidedForm decide_form(const FormRules& rules, const TableHeader& header, const std::vector<ColumnCensus>& columns,
                        const std::vector<std::string>& shown) {
  return Decision(rules, header, columns, shown).run();
}

}  // namespace convoy
