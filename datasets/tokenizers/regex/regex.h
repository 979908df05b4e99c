// A regular expression over UTF-8 that matches as Hugging Face's library does (Oniguruma), by PCRE2, compiled to
// machine code where the processor allows.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

class Regex {
 public:
  // pattern: in Oniguruma's syntax, see oniguruma.h. Throws DataError quoting the pattern and the reason.
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // The pattern that matches this text and nothing else.
  static std::string escape(std::string_view text);

 private:
  friend class RegexCutter;
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

// Cuts texts that come in parts into the matches and the gaps between them. Use from one thread.
class RegexCutter {
 public:
  // The next part of a match or gap; ends: that was all of it. Matches come in one part; no piece is empty.
  using Visit = std::function<void(std::string_view part, bool is_match, bool ends)>;

  RegexCutter(const Regex& regex, Visit visit);
  ~RegexCutter();

  // Valid UTF-8, whole characters. ends: that was all of the text; what is added next is another. Throws DataError if
  // the pattern cannot be matched, or only with more than 16 MiB of text at once.
  void add(std::string_view text, bool ends);

 private:
  struct Matcher;
  enum class Step { matched, wants_more, done };

  void cut(std::string_view text, bool ends);
  Step step(std::string_view text, bool ends);
  void visit_gap(std::string_view text, size_t end, bool ends);
  size_t kept_from(std::string_view text) const;
  void rest();

  const Regex& regex_;
  Visit visit_;
  std::unique_ptr<Matcher> matcher_;
  std::string pending_;  // what a match may still need, and before it what the pattern looks back at
  size_t wanted_ = 0;    // bytes of pending_ at which it is worth trying again
  // Positions in the pending text.
  size_t visited_ = 0;               // pieces up to here are visited
  size_t search_ = 0;                // the next match begins here or later
  std::optional<size_t> match_end_;  // where the last match ended
  bool gap_is_open_ = false;         // a part of it was visited
};

}  // namespace convoy
