#define PCRE2_CODE_UNIT_WIDTH 8
#include "datasets/tokenizers/regex/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/owned.h"
#include "datasets/tokenizers/regex/newer_characters.h"
#include "datasets/tokenizers/regex/oniguruma.h"

namespace convoy {
namespace {

constexpr size_t kMostPending = size_t{16} << 20;
constexpr size_t kMostStackBytes = size_t{32} << 20;  // of machine code, for repeats of groups over long words

void free_code(pcre2_code* code) noexcept { pcre2_code_free(code); }
void free_match(pcre2_match_data* match) noexcept { pcre2_match_data_free(match); }
void free_compile_context(pcre2_compile_context* context) noexcept { pcre2_compile_context_free(context); }
void free_match_context(pcre2_match_context* context) noexcept { pcre2_match_context_free(context); }
void free_stack(pcre2_jit_stack* stack) noexcept { pcre2_jit_stack_free(stack); }
using Code = Owned<pcre2_code*, free_code>;
using MatchData = Owned<pcre2_match_data*, free_match>;
using CompileContext = Owned<pcre2_compile_context*, free_compile_context>;
using MatchContext = Owned<pcre2_match_context*, free_match_context>;
using JitStack = Owned<pcre2_jit_stack*, free_stack>;

std::string message_of(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; }

size_t character_behind(std::string_view text, size_t position) {
  do ++position;
  while (position < text.size() && continues_character(text[position]));
  return position;
}

void require_stand_ins_to_suit(const Pcre2Pattern& translated, const std::string& pattern) {
  for (const auto& [first, last] : translated.ranges)
    if (!stand_ins_suit(first, last))
      throw DataError(
          fmt::format("the pattern {} of the tokenizer's pre_tokenizer names characters of U+{:04X} to U+{:04X}, some "
                      "newer than Unicode 14, which is not supported; choose a tokenizer with another pattern",
                      pattern, static_cast<uint32_t>(first), static_cast<uint32_t>(last)));
}

}  // namespace

struct Regex::Compiled {
  Code code;
  uint32_t look_behind = 0;  // characters
};

Regex::Regex(const std::string& pattern) {
  require_known_tables();
  const Pcre2Pattern translated = pattern_from_oniguruma(pattern);
  require_stand_ins_to_suit(translated, pattern);
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE place = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.text.data()), translated.text.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &place, context.get()));
  if (!code)
    throw DataError(
        fmt::format("the pattern {} of the tokenizer's pre_tokenizer is not understood at position {}: "
                    "{}; choose a tokenizer with another pattern",
                    pattern, place, message_of(error)));
  // Where it cannot, matching interprets.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
  uint32_t look_behind = 0;
  pcre2_pattern_info(code.get(), PCRE2_INFO_MAXLOOKBEHIND, &look_behind);
  compiled_ = std::make_unique<Compiled>(Compiled{std::move(code), look_behind});
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

std::string Regex::escape(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.[]|()?*+{}-#&~").find(c) != std::string_view::npos) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern;
}

struct RegexCutter::Matcher {
  explicit Matcher(const pcre2_code* code)
      : match(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)),
        stack(pcre2_jit_stack_create(size_t{32} << 10, kMostStackBytes, nullptr)) {
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
  MatchData match;
  MatchContext context;
  JitStack stack;
  std::string copy;          // of the text, with stand-ins
  std::string_view subject;  // that PCRE2 sees
};

RegexCutter::RegexCutter(const Regex& regex, Visit visit)
    : regex_(regex), visit_(std::move(visit)), matcher_(std::make_unique<Matcher>(regex.compiled_->code.get())) {}

RegexCutter::~RegexCutter() = default;

void RegexCutter::add(std::string_view text, bool ends) {
  if (pending_.empty()) return cut(text, ends);
  pending_.append(text);
  if (!ends && pending_.size() < wanted_) return;
  std::string whole;
  whole.swap(pending_);  // cut() fills pending_ anew
  cut(whole, ends);
}

// From the text as it stands to what is certain: a match that reaches the end of what has come may go on.
void RegexCutter::cut(std::string_view text, bool ends) {
  matcher_->subject = with_stand_ins(text, matcher_->copy);
  Step next = text.empty() ? Step::done : Step::matched;
  while (next == Step::matched) next = step(text, ends);
  if (ends) {
    visit_gap(text, text.size(), true);
    rest();
    return;
  }
  const size_t from = kept_from(text);
  pending_.assign(text.substr(from));
  visited_ -= from;
  search_ -= from;
  if (match_end_) match_end_ = *match_end_ < from ? std::optional<size_t>() : *match_end_ - from;
  wanted_ = 2 * pending_.size();
  if (pending_.size() > kMostPending)
    throw DataError(
        "the tokenizer's pattern makes one word of more than 16 MiB of text; break it up with line ends or blanks");
}

void RegexCutter::rest() {
  visited_ = search_ = wanted_ = 0;
  match_end_.reset();
  gap_is_open_ = false;
}

// The earliest byte that may still be needed: visited ones only where the pattern looks back.
size_t RegexCutter::kept_from(std::string_view text) const {
  size_t from = std::min(visited_, search_);
  for (uint32_t i = 0; i < regex_.compiled_->look_behind && from > 0; ++i) {
    --from;
    while (from > 0 && continues_character(text[from])) --from;
  }
  return from;
}

// One search, as Oniguruma's Rust binding goes on from match to match: a match of nothing counts, but not where the
// last one ended.
RegexCutter::Step RegexCutter::step(std::string_view text, bool ends) {
  if (ends ? search_ > text.size() : search_ >= text.size()) return Step::done;
  const uint32_t options = PCRE2_NO_UTF_CHECK | (ends ? 0 : PCRE2_PARTIAL_HARD);
  const std::string_view subject = matcher_->subject;
  const int found = pcre2_match(regex_.compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                                subject.size(), search_, options, matcher_->match.get(), matcher_->context.get());
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(matcher_->match.get());
  const bool is_match = found > 0;
  if (found == PCRE2_ERROR_NOMATCH) {
    if (ends) return Step::done;
    search_ = text.size();
    visit_gap(text, search_, false);
    return Step::wants_more;
  }
  if (!ends && (found == PCRE2_ERROR_PARTIAL || (is_match && range[1] == text.size()))) {
    search_ = range[0];
    visit_gap(text, search_, false);
    return Step::wants_more;
  }
  if (!is_match)
    throw DataError(
        fmt::format("the tokenizer's pattern cannot be matched: {}; break the text's longest words up with "
                    "line ends or blanks",
                    message_of(found)));
  if (range[0] == range[1] && match_end_ == range[1]) {
    search_ = character_behind(text, search_);
    return Step::matched;
  }
  visit_gap(text, range[0], true);
  if (range[1] > range[0]) visit_(text.substr(range[0], range[1] - range[0]), true, true);
  visited_ = search_ = range[1];
  match_end_ = range[1];
  return Step::matched;
}

void RegexCutter::visit_gap(std::string_view text, size_t end, bool ends) {
  if (end > visited_ || (ends && gap_is_open_)) {
    visit_(text.substr(visited_, end - visited_), false, ends);
    gap_is_open_ = !ends;
  }
  visited_ = end;
}

}  // namespace convoy
