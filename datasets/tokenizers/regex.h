// A regular expression over UTF-8, by PCRE2, compiled to machine code where the processor allows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace convoy {

class Regex {
 public:
  // Classes such as \s and \p{L} are Unicode's. Throws DataError quoting the pattern and PCRE2's reason.
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // Calls visit(piece, is_match) for the matches and the gaps between them, in order, covering the text. The text must
  // be valid UTF-8. Thread safe.
  void cut(std::string_view text, const std::function<void(std::string_view, bool)>& visit) const;

  // The pattern that matches this text and nothing else.
  static std::string escape(std::string_view text);

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace convoy
