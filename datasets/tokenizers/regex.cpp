#define PCRE2_CODE_UNIT_WIDTH 8
#include "datasets/tokenizers/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include "core/base/error.h"
#include "core/base/owned.h"

namespace convoy {
namespace {

void free_code(pcre2_code* code) noexcept { pcre2_code_free(code); }
void free_match(pcre2_match_data* match) noexcept { pcre2_match_data_free(match); }
using Code = Owned<pcre2_code*, free_code>;
using MatchData = Owned<pcre2_match_data*, free_match>;

std::string message_of(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct Regex::Compiled {
  Code code;
};

Regex::Regex(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE place = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &place, nullptr));
  if (!code)
    throw DataError(
        fmt::format("the pattern {} of the tokenizer's pre_tokenizer is not understood at position {}: "
                    "{}; choose a tokenizer with another pattern",
                    pattern, place, message_of(error)));
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // where it cannot, matching interprets
  compiled_ = std::make_unique<Compiled>(Compiled{std::move(code)});
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

void Regex::cut(std::string_view text, const std::function<void(std::string_view, bool)>& visit) const {
  const pcre2_code* code = compiled_->code.get();
  const MatchData match(pcre2_match_data_create_from_pattern(code, nullptr));
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
  size_t done = 0, from = 0;
  while (from < text.size()) {
    const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                  PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0)
      throw DataError(
          fmt::format("the tokenizer's pattern cannot be matched near byte {}: {}", from, message_of(found)));
    if (range[0] > done) visit(text.substr(done, range[0] - done), false);
    visit(text.substr(range[0], range[1] - range[0]), true);
    done = from = range[1];
  }
  if (done < text.size()) visit(text.substr(done), false);
}

std::string Regex::escape(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.[]|()?*+{}-#").find(c) != std::string_view::npos) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern;
}

}  // namespace convoy
