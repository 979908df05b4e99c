// Cuts text into the words inside which byte pairs are merged.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tokenizers/regex/regex.h"

namespace convoy {

// One step of a tokenizer.json's pre_tokenizer.
struct CutRule {
  std::string pattern;  // empty: no cut
  bool keep_matches = true, keep_gaps = true;
  bool add_prefix_space = false;  // before the cut, to pieces that do not begin with one
  bool operator==(const CutRule&) const = default;
};

// The rules, ready to be applied. Thread safe.
class PreTokenizer {
 public:
  explicit PreTokenizer(const std::vector<CutRule>& rules);

 private:
  friend class WordCutter;
  struct Step {
    CutRule rule;
    std::vector<Regex> regex;  // none or one
  };
  std::vector<Step> steps_;
};

// Cuts texts that come in parts; each rule cuts the pieces that the one before it leaves. Use from one thread.
class WordCutter {
 public:
  // The next part of a word; ends: that was all of it.
  using Visit = std::function<void(std::string_view part, bool ends)>;
  WordCutter(const PreTokenizer& rules, Visit visit);
  WordCutter(const WordCutter&) = delete;
  WordCutter& operator=(const WordCutter&) = delete;

  // Valid UTF-8, whole characters. ends: that was all of the text; what is added next is another.
  void add(std::string_view text, bool ends) { add(0, text, ends); }

 private:
  struct Stage {
    const CutRule& rule;
    std::unique_ptr<RegexCutter> cutter;  // null: no cut
    bool begun = false;                   // the piece has text
  };
  void add(size_t stage, std::string_view text, bool ends);
  void cut(size_t stage, std::string_view text, bool ends);

  Visit visit_;
  std::vector<Stage> stages_;
};

}  // namespace convoy
