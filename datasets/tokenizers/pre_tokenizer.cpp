#include "datasets/tokenizers/pre_tokenizer.h"

#include <utility>

namespace convoy {

PreTokenizer::PreTokenizer(const std::vector<CutRule>& rules) {
  for (const CutRule& rule : rules) {
    Step step{rule, {}};
    if (!rule.pattern.empty()) step.regex.emplace_back(rule.pattern);
    steps_.push_back(std::move(step));
  }
}

void PreTokenizer::cut(std::string_view text, const std::function<void(std::string_view)>& visit) const {
  if (!text.empty()) cut_from(0, text, visit);
}

void PreTokenizer::cut_from(size_t at, std::string_view text,
                            const std::function<void(std::string_view)>& visit) const {
  if (at == steps_.size()) return visit(text);
  const Step& step = steps_[at];
  std::string prefixed;
  if (step.rule.add_prefix_space && text.front() != ' ') {
    prefixed.reserve(text.size() + 1);
    prefixed.push_back(' ');
    prefixed.append(text);
    text = prefixed;
  }
  if (step.regex.empty()) return cut_from(at + 1, text, visit);
  step.regex.front().cut(text, [&](std::string_view piece, bool is_match) {
    if (is_match ? step.rule.keep_matches : step.rule.keep_gaps) cut_from(at + 1, piece, visit);
  });
}

}  // namespace convoy
