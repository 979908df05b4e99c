#include "datasets/tokenizers/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/tokenizers/other_files.h"

namespace convoy {
namespace {

using SortedJson = nlohmann::json;

constexpr const char* kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Digits asks Rust, which knows Unicode 17's.
constexpr const char* kDigit = R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])";

[[noreturn]] void unsupported(const std::string& what, const std::string& wanted) {
  throw DataError(
      fmt::format("{} is not supported, wanted {}; choose a byte-level BPE tokenizer like GPT-2's, or a "
                  "SentencePiece tokenizer.model",
                  what, wanted));
}

// Absent, null, false, 0 and empty all mean: not used.
bool is_used(const SortedJson& object, const char* key) {
  const auto item = object.find(key);
  if (item == object.end() || item->is_null()) return false;
  if (item->is_boolean()) return item->get<bool>();
  if (item->is_number()) return item->get<double>() != 0;
  return !item->empty() && *item != "";
}

void add_normalizer(const SortedJson& step, TokenizerJson& result) {
  const std::string type = step.at("type");
  constexpr std::pair<const char*, NormalForm> kForms[] = {
      {"NFC", NormalForm::nfc}, {"NFD", NormalForm::nfd}, {"NFKC", NormalForm::nfkc}, {"NFKD", NormalForm::nfkd}};
  for (const auto& [name, form] : kForms)
    if (type == name) return result.normal_forms.push_back(form);
  if (type != "Sequence")
    unsupported(fmt::format("normalizer {}", type), "none, NFC, NFD, NFKC, NFKD or a Sequence of them");
  for (const SortedJson& inner : step.at("normalizers")) add_normalizer(inner, result);
}

void check_model(const SortedJson& model) {
  const std::string type = model.value("type", "BPE");  // files of GPT-2's time leave it out
  if (type != "BPE") unsupported(fmt::format("model {}", type), "BPE");
  for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"})
    if (is_used(model, key)) unsupported(fmt::format("model.{} = {}", key, json_text(model[key])), "none");
}

std::string split_pattern(const SortedJson& split) {
  const SortedJson& pattern = split.at("pattern");
  if (pattern.is_object() && pattern.contains("Regex")) return pattern["Regex"];
  return Regex::escape(pattern.is_object() ? pattern.at("String").get<std::string>() : pattern.get<std::string>());
}

CutRule split_rule(const SortedJson& split) {
  const std::string behavior = split.at("behavior");
  const bool invert = split.value("invert", false);
  if (behavior == "Isolated") return {split_pattern(split), true, true, false};
  if (behavior == "Removed") return {split_pattern(split), invert, !invert, false};
  unsupported(fmt::format("pre_tokenizer Split with behavior {}", behavior), "Isolated or Removed");
}

void add_pre_tokenizer(const SortedJson& step, TokenizerJson& result) {
  const std::string type = step.at("type");
  if (type == "Sequence") {
    for (const SortedJson& inner : step.at("pretokenizers")) add_pre_tokenizer(inner, result);
  } else if (type == "ByteLevel") {
    result.byte_level = true;
    result.cut_rules.push_back(
        {step.value("use_regex", true) ? kGpt2Pattern : "", true, true, step.value("add_prefix_space", true)});
  } else if (type == "Split") {
    result.cut_rules.push_back(split_rule(step));
  } else if (type == "Digits") {
    result.cut_rules.push_back(
        {step.value("individual_digits", false) ? kDigit : fmt::format("{}+", kDigit), true, true, false});
  } else {
    unsupported(fmt::format("pre_tokenizer {}", type), "ByteLevel, Split, Digits or a Sequence of them");
  }
}

AddedToken added_token(const SortedJson& token) {
  for (const char* key : {"lstrip", "rstrip", "single_word"})
    if (token.value(key, false))
      unsupported(fmt::format("added token {} with {}", json_text(token.at("content")), key), "none");
  const bool special = token.value("special", false);
  return {token.at("id"), token.at("content"), token.value("normalized", !special), special};
}

// The library does not take an added token's id from the file: it is that of an entry of this name, or the next one
// behind vocabulary and added tokens.
void check_added_ids(const TokenizerJson& parts) {
  std::unordered_map<std::string_view, int32_t> ids(parts.vocabulary.begin(), parts.vocabulary.end());
  const auto entries = static_cast<int32_t>(parts.vocabulary.size());
  int32_t next = entries;
  std::vector<AddedToken> sorted = parts.added_tokens;
  std::ranges::stable_sort(sorted, {}, &AddedToken::id);
  for (const AddedToken& token : sorted) {
    if (token.content.empty()) continue;
    const int32_t id = ids.emplace(token.content, next).first->second;
    if (id != token.id)
      throw DataError(
          fmt::format("added token \"{}\" has id {}, but Hugging Face's library would give it {}: the ids of its "
                      "vocabulary or of its added tokens have gaps or doubles; choose a whole tokenizer",
                      token.content, token.id, id));
    next = std::max(next, id + 1);
  }
}

void check_ids(const TokenizerJson& parts) {
  std::unordered_map<int32_t, std::string_view> entries;
  for (const auto& [entry, id] : parts.vocabulary) {
    const auto [place, is_new] = entries.emplace(id, entry);
    if (!is_new) throw DataError(fmt::format("entries \"{}\" and \"{}\" both have id {}", place->second, entry, id));
  }
  check_added_ids(parts);
}

std::pair<std::string, std::string> merge_of(const SortedJson& merge) {
  if (merge.is_array()) return {merge.at(0), merge.at(1)};
  const auto text = merge.get<std::string>();
  const size_t space = text.find(' ');
  if (space == std::string::npos) throw DataError(fmt::format("merge \"{}\" is no pair", text));
  return {text.substr(0, space), text.substr(space + 1)};
}

TokenizerJson take_apart(const SortedJson& file) {
  TokenizerJson result;
  if (!file.contains("model"))
    if (const auto other = what_else_it_is(file)) throw DataError(fmt::format("is {}", *other));
  const SortedJson& model = file.at("model");
  check_model(model);
  for (const auto& [entry, id] : model.at("vocab").items()) result.vocabulary.emplace_back(entry, id.get<int32_t>());
  for (const SortedJson& merge : model.at("merges")) result.merges.push_back(merge_of(merge));
  if (file.contains("added_tokens"))
    for (const SortedJson& token : file["added_tokens"]) result.added_tokens.push_back(added_token(token));
  check_ids(result);
  if (is_used(file, "normalizer")) add_normalizer(file["normalizer"], result);
  if (is_used(file, "pre_tokenizer")) add_pre_tokenizer(file["pre_tokenizer"], result);
  result.ignore_merges = model.value("ignore_merges", false);
  return result;
}

}  // namespace

TokenizerJson parse_tokenizer_json(std::string_view content, std::string_view origin) {
  try {
    return take_apart(parse_json(content));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", origin, error.what()));
  } catch (const SortedJson::exception& error) {
    throw DataError(
        fmt::format("{}: not a Hugging Face tokenizer.json: {}; check that the file is whole", origin, error.what()));
  }
}

}  // namespace convoy
