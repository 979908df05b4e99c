// Cuts text into the words inside which byte pairs are merged.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tokenizers/regex.h"

namespace convoy {

// One step of a tokenizer.json's pre_tokenizer.
struct CutRule {
  std::string pattern;  // empty: no cut
  bool keep_matches = true, keep_gaps = true;
  bool add_prefix_space = false;  // before the cut, to pieces that do not begin with one
};

class PreTokenizer {
 public:
  explicit PreTokenizer(const std::vector<CutRule>& rules);

  // Words in order. A word may be a copy that lives only during the visit. Thread safe.
  void cut(std::string_view text, const std::function<void(std::string_view)>& visit) const;

 private:
  struct Step {
    CutRule rule;
    std::vector<Regex> regex;  // none or one
  };
  void cut_from(size_t step, std::string_view text, const std::function<void(std::string_view)>& visit) const;

  std::vector<Step> steps_;
};

}  // namespace convoy
