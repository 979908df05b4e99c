#include "datasets/tokenizers/pre_tokenizer.h"

#include <utility>

namespace convoy {

PreTokenizer::PreTokenizer(const std::vector<CutRule>& rules) {
  for (const CutRule& rule : rules) {
    if (rule.pattern.empty() && !rule.add_prefix_space) continue;
    Step step{rule, {}};
    if (!rule.pattern.empty()) step.regex.emplace_back(rule.pattern);
    steps_.push_back(std::move(step));
  }
}

WordCutter::WordCutter(const PreTokenizer& rules, Visit visit) : visit_(std::move(visit)) {
  for (const PreTokenizer::Step& step : rules.steps_) {
    const CutRule& rule = step.rule;
    const size_t next = stages_.size() + 1;
    const auto go_on = [this, &rule, next](std::string_view part, bool is_match, bool ends) {
      if (is_match ? rule.keep_matches : rule.keep_gaps) add(next, part, ends);
    };
    stages_.push_back(
        {rule, step.regex.empty() ? nullptr : std::make_unique<RegexCutter>(step.regex.front(), go_on), false});
  }
}

void WordCutter::add(size_t at, std::string_view text, bool ends) {
  if (at == stages_.size()) {
    if (!text.empty() || ends) visit_(text, ends);
    return;
  }
  Stage& stage = stages_[at];
  if (!stage.begun && !text.empty() && stage.rule.add_prefix_space && text.front() != ' ') cut(at, " ", false);
  stage.begun = !ends && (stage.begun || !text.empty());
  cut(at, text, ends);
}

void WordCutter::cut(size_t at, std::string_view text, bool ends) {
  if (stages_[at].cutter == nullptr) return add(at + 1, text, ends);
  stages_[at].cutter->add(text, ends);
}

}  // namespace convoy
