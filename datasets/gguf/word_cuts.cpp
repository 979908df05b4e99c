#include "datasets/gguf/word_cuts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

// Published with the models' tokenizer.json. They differ in how many digits are a word.
constexpr const char* kThreeDigits =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kOneDigit =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json byte_level(bool cuts) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", cuts}};
}
Json sequence(Json first, Json second) {
  Json steps = Json::array();
  steps.push_back(std::move(first));
  steps.push_back(std::move(second));
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}
Json split(const char* pattern) {
  const Json cut = {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  return sequence(cut, byte_level(false));
}

WordCuts gpt2() { return {nullptr, byte_level(true), false}; }
WordCuts single_digits() {
  return {nullptr, sequence({{"type", "Digits"}, {"individual_digits", true}}, byte_level(true)), false};
}
WordCuts llama3() { return {nullptr, split(kThreeDigits), true}; }
WordCuts glm4() { return {nullptr, split(kThreeDigits), false}; }
WordCuts qwen2() { return {{{"type", "NFC"}}, split(kOneDigit), false}; }

struct Named {
  std::string_view pre;
  WordCuts (*make)();
};
constexpr std::array kKnown = {
    Named{"gpt-2", gpt2},       Named{"default", gpt2},  Named{"smollm", single_digits},
    Named{"llama-bpe", llama3}, Named{"llama3", llama3}, Named{"qwen2", qwen2},
    Named{"chatglm-bpe", glm4}, Named{"glm4", glm4},     Named{"refact", single_digits},
};

}  // namespace

std::optional<WordCuts> word_cuts(std::string_view pre) {
  for (const Named& known : kKnown)
    if (known.pre == pre) return known.make();
  return std::nullopt;
}

// Files say the same in several ways, so what they ask for is compared, not how.
std::optional<std::string_view> name_of_word_cuts(const TokenizerJson& tokenizer) {
  for (const Named& known : kKnown) {
    const WordCuts cuts = known.make();
    const Json file = {{"normalizer", cuts.normalizer},
                       {"pre_tokenizer", cuts.pre_tokenizer},
                       {"model", {{"type", "BPE"}, {"vocab", Json::object()}, {"merges", Json::array()}}}};
    const TokenizerJson wanted = parse_tokenizer_json(json_text(file), known.pre);
    if (wanted.cut_rules == tokenizer.cut_rules && wanted.normal_forms == tokenizer.normal_forms &&
        cuts.ignore_merges == tokenizer.ignore_merges)
      return known.pre;
  }
  return std::nullopt;
}

std::string known_word_cuts() {
  std::vector<std::string_view> names;
  for (const Named& known : kKnown) names.push_back(known.pre);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace convoy
