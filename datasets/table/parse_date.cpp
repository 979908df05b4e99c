#include "datasets/table/parse_date.h"

#include <chrono>
#include <cstddef>

namespace convoy {
namespace {

// Reads from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool character(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits.
  bool number(size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = 10 * value + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  // Any digits, of which those behind the twelfth are none of the value.
  bool fraction(double& value) {
    double place = 0.1;
    size_t digits = 0;
    for (value = 0; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits, place /= 10)
      if (digits < 12) value += place * (rest_[digits] - '0');
    rest_.remove_prefix(digits);
    return digits > 0;
  }

 private:
  std::string_view rest_;
};

bool read_day(Scanner& text, bool year_first, char mark, int& days) {
  int year = 0, month = 0, day = 0;
  const bool read = year_first ? text.number(4, year) && text.character(mark) && text.number(2, month) &&
                                     text.character(mark) && text.number(2, day)
                               : text.number(2, day) && text.character(mark) && text.number(2, month) &&
                                     text.character(mark) && text.number(4, year);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!read || year < 1 || !date.ok()) return false;
  days = static_cast<int>(std::chrono::sys_days(date).time_since_epoch().count());
  return true;
}

bool read_zone(Scanner& text, int& minutes) {
  if (text.character('Z')) return true;
  const bool east = text.character('+');
  if (!east && !text.character('-')) return true;
  int hours = 0, rest = 0;
  if (!text.number(2, hours)) return false;
  text.character(':');
  if (!text.number(2, rest) || hours > 14 || rest > 59) return false;
  minutes = (east ? 1 : -1) * (60 * hours + rest);
  return true;
}

bool read_time(Scanner& text, double& day) {
  int hours = 0, minutes = 0, seconds = 0, zone = 0;
  double fraction = 0;
  if (!text.number(2, hours) || !text.character(':') || !text.number(2, minutes)) return false;
  if (text.character(':')) {
    if (!text.number(2, seconds)) return false;
    if (text.character('.') && !text.fraction(fraction)) return false;
  }
  if (!read_zone(text, zone) || hours > 23 || minutes > 59 || seconds > 60) return false;
  day = (3600 * hours + 60 * (minutes - zone) + seconds + fraction) / 86400;
  return true;
}

}  // namespace

bool parse_date(std::string_view text, double& days) {
  if (text.size() < 10) return false;
  const bool year_first = text[4] == '-' || text[4] == '/';
  Scanner scanner(text);
  int whole = 0;
  double time = 0;
  if (!read_day(scanner, year_first, year_first ? text[4] : '.', whole)) return false;
  if (!scanner.done() && ((!scanner.character('T') && !scanner.character(' ')) || !read_time(scanner, time)))
    return false;
  if (!scanner.done()) return false;
  days = whole + time;
  return true;
}

}  // namespace convoy
