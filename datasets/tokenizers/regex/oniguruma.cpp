#include "datasets/tokenizers/regex/oniguruma.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/regex/pattern_reader.h"

namespace convoy {
namespace {

constexpr std::string_view kCategories[] = {"L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd",
                                            "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm",
                                            "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Co", "Cn"};
constexpr int kDeepest = 100;

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
char32_t lower(char32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

// Letters that together may be one character in other case, such as ss and U+00DF: Oniguruma knows, PCRE2 does not.
bool may_be_one_character(char32_t first, char32_t second) {
  const char32_t a = lower(first), b = lower(second);
  return (a == 'f' && (b == 'f' || b == 'i' || b == 'l')) || (a == 's' && (b == 's' || b == 't'));
}

// The pattern is read by recursive descent; what was read is written to `out_`.
class Translator : PatternReader {
 public:
  explicit Translator(std::string_view pattern) : PatternReader(pattern) {}

  Pcre2Pattern translate() {
    if (take("(?i)")) {
      ignore_case_ = true;
      out_ = "(?i)";
    }
    alternatives();
    if (more()) refuse(at(), "a ) without (");
    return {std::move(out_), std::move(ranges_)};
  }

 private:
  // True if it may match nothing, as the functions below.
  bool alternatives() {
    if (++depth_ > kDeepest) refuse(at(), "groups that are too deep");
    bool nullable = sequence();
    while (take("|")) {
      out_ += '|';
      last_letter_ = 0;
      nullable |= sequence();
    }
    --depth_;
    return nullable;
  }

  bool sequence() {
    bool nullable = true;
    while (more() && !next_is("|") && !next_is(")")) {
      const size_t begin = out_.size();
      bool repeatable = true;
      bool atom_nullable = atom(repeatable);
      repeat(begin, repeatable, atom_nullable);
      nullable &= atom_nullable;
    }
    return nullable;
  }

  bool atom(bool& repeatable) {
    const size_t place = at();
    if (next_is("(")) return group(repeatable);
    if (next_is("[")) {
      set();
      return false;
    }
    const char32_t c = take_character();
    if (c == '^' || c == '$') refuse(place, "an anchor of lines");
    if (c == '*' || c == '+' || c == '?' || c == '{') refuse(place, "a repeat of nothing");
    if (c == '.') {
      if (ignore_case_) refuse(place, "a dot where case is ignored");
      out_ += "[^\\n]";
    } else if (c == '\\') {
      if (!class_escape()) literal(take_escaped(place), place);
    } else {
      literal(c, place);
    }
    return false;
  }

  bool group(bool& repeatable) {
    const size_t place = at();
    take("(");
    const bool outer = ignore_case_;
    if (outer) refuse(place, "a group where case is ignored");
    bool is_look_around = false;
    if (!next_is("?")) {
      out_ += "(?:";  // nothing refers to it
    } else {
      is_look_around = begin_special_group(place);
    }
    bool nullable = alternatives();
    if (!take(")")) refuse(place, "a ( without )");
    out_ += ')';
    ignore_case_ = outer;
    repeatable = !is_look_around;
    return nullable || is_look_around;
  }

  bool begin_special_group(size_t place) {
    for (const std::string_view look : {"?=", "?!", "?<=", "?<!"})
      if (take(look)) {
        out_ += '(';
        out_ += look;
        return true;
      }
    if (take("?:")) {
      out_ += "(?:";
    } else if (take("?>")) {
      out_ += "(?>";
    } else if (take("?i:")) {
      ignore_case_ = true;
      out_ += "(?i:";
    } else if (take("?-i:")) {
      ignore_case_ = false;
      out_ += "(?-i:";
    } else if (take("?<")) {
      take_up_to('>');
      out_ += "(?:";
    } else {
      refuse(place, "a group of this kind");
    }
    return false;
  }

  void literal(char32_t c, size_t place) {
    if (ignore_case_) {
      if (c >= 0x80) refuse(place, "a character beyond ASCII where case is ignored");
      if (may_be_one_character(last_letter_, c)) refuse(place, "letters that may be one where case is ignored");
    }
    last_letter_ = c;
    write(c);
    ranges_.emplace_back(c, c);
  }

  void write(char32_t c) {
    if (c < 0x20 || c == 0x7F) {
      out_ += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(c));
      return;
    }
    if (c < 0x80 && !is_ascii_letter(c) && !is_digit(c)) out_ += '\\';
    append_utf8(out_, c);
  }

  // After the backslash: \s \S \d \D \p{..} \P{..}.
  bool class_escape() {
    const size_t place = at() - 1;
    for (const std::string_view same : {"s", "S", "d", "D"})
      if (take(same)) {
        out_ += '\\';
        out_ += same;
        return true;
      }
    if (!next_is("p{") && !next_is("P{")) return false;
    if (ignore_case_) refuse(place, "a property where case is ignored");
    bool negated = take("P{");
    if (!negated) take("p{");
    if (take("^")) negated = !negated;
    const std::string_view name = take_up_to('}');
    if (std::ranges::find(kCategories, name) == std::end(kCategories))
      refuse(place, fmt::format("the property {}", name));
    out_ += fmt::format("\\{}{{{}}}", negated ? 'P' : 'p', name);
    return true;
  }

  void set() {
    const size_t place = at();
    take("[");
    out_ += '[';
    if (take("^")) {
      if (ignore_case_) refuse(place, "a negated set where case is ignored");
      out_ += '^';
    }
    members(place);
    out_ += ']';
    last_letter_ = 0;
  }

  // Up to and with the closing bracket. A set within a set adds its members.
  void members(size_t place) {
    if (++depth_ > kDeepest) refuse(place, "sets that are too deep");
    if (next_is("]")) refuse(place, "an empty set or one that begins with ]");
    bool first = true;
    while (!take("]")) {
      const size_t member = at();
      if (!more()) refuse(place, "a [ without ]");
      if (next_is("&&")) refuse(member, "&& in a set");
      if (next_is("[:")) refuse(member, "[: in a set");
      if (take("[")) {
        if (next_is("^")) refuse(member, "a negated set within a set");
        members(member);
      } else if (take("-")) {
        if (!first && !next_is("]")) refuse(member, "- in the middle of a set");
        add_range('-', '-', member);
      } else {
        member_or_range(member);
      }
      first = false;
    }
    --depth_;
  }

  void member_or_range(size_t place) {
    char32_t first = take_character();
    if (first == '\\') {
      if (class_escape()) return;
      first = take_escaped(place);
    }
    if (next_is("-]") || !take("-")) return add_range(first, first, place);
    if (next_is("[")) refuse(place, "a range that ends in a set");
    const size_t end = at();
    char32_t last = take_character();
    if (last == '\\') last = take_escaped(end);
    if (last < first) refuse(place, "a range that ends before it begins");
    add_range(first, last, place);
  }

  void add_range(char32_t first, char32_t last, size_t place) {
    if (ignore_case_ && last >= 0x80) refuse(place, "a character beyond ASCII where case is ignored");
    write(first);
    if (last != first) {
      out_ += '-';
      write(last);
    }
    ranges_.emplace_back(first, last);
  }

  // What follows an atom that was written from `begin` on.
  void repeat(size_t begin, bool repeatable, bool& nullable) {
    const size_t place = at();
    if (!next_is_repeat()) return;
    if (!repeatable) refuse(place, "a repeat of what is no text");
    const bool is_interval = next_is("{");
    const std::string count = is_interval ? take_braces() : std::string(1, static_cast<char>(take_character()));
    out_ += count;
    const bool may_be_absent = is_interval ? count.starts_with("{0") : count != "+";
    const bool many = count != "{0}" && count != "{1}" && count != "{0,1}" && count != "?";
    if (nullable && many) refuse(place, "a repeat of what may be nothing");
    nullable |= may_be_absent;
    if (next_is("?") || next_is("+")) suffix(begin, is_interval ? count : "", nullable);
    if (next_is_repeat()) refuse(at(), "a repeat of a repeat");
  }

  // The second character of +?, ++, {1,3}? and the like. Ruby's {2}? and {1,3}+ are repeats of a repeat.
  void suffix(size_t begin, const std::string& interval, bool& nullable) {
    const size_t place = at();
    const char32_t c = take_character();
    const bool is_exact = !interval.empty() && interval.find(',') == std::string::npos;
    if (!interval.empty() && (c == '+' || is_exact)) {
      if (nullable && c == '+') refuse(place, "a repeat of what may be nothing");
      out_.insert(begin, "(?:");
      out_ += ')';
      if (c == '?') nullable = true;
    }
    out_ += static_cast<char>(c);
  }

  std::string out_;
  std::vector<std::pair<char32_t, char32_t>> ranges_;
  bool ignore_case_ = false;
  char32_t last_letter_ = 0;  // that was read, if nothing but groups came since
  int depth_ = 0;
};

}  // namespace

Pcre2Pattern pattern_from_oniguruma(std::string_view pattern) { return Translator(pattern).translate(); }

}  // namespace convoy
