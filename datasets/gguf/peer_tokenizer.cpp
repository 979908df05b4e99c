#include "datasets/gguf/peer_tokenizer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/json_text.h"
#include "datasets/gguf/sentence_piece_file.h"
#include "datasets/gguf/word_cuts.h"
#include "datasets/tokenizers/write_tokenizer_json.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

enum TokenType : int64_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

Json added_token(size_t id, std::string_view content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

std::string tokenizer_json(const GgufFile& file) {
  const std::string_view pre = file.find_text("tokenizer.ggml.pre").value_or("default");
  const auto cuts = word_cuts(pre);
  if (!cuts) file.refuse(fmt::format("its tokenizer cuts words as {}, wanted one of {}", pre, known_word_cuts()));
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  const std::vector<int64_t> types = file.find_integers("tokenizer.ggml.token_type");
  BpeTokenizerParts parts;
  Json::object_t entries;  // looked for in a set: an ordered object looks through all that it has
  std::set<std::string_view> seen;
  // Those at the end only make the list as long as the model's table.
  size_t count = tokens.size();
  while (count > 0 && count <= types.size() && types[count - 1] == TokenType::unused) --count;
  for (size_t id = 0; id < count; ++id) {
    if (!seen.insert(tokens[id]).second) file.refuse(fmt::format("its tokenizer has \"{}\" twice", tokens[id]));
    const int64_t type = id < types.size() ? types[id] : TokenType::normal;
    entries.emplace_back(std::string(tokens[id]), id);
    if (type == TokenType::control || type == TokenType::user_defined)
      parts.added_tokens.push_back(added_token(id, tokens[id], type == TokenType::control));
  }
  parts.vocabulary = std::move(entries);
  for (const std::string_view merge : file.texts("tokenizer.ggml.merges")) parts.merges.push_back(merge);
  parts.normalizer = cuts->normalizer;
  parts.pre_tokenizer = cuts->pre_tokenizer;
  parts.ignore_merges = cuts->ignore_merges;
  parts.decoder = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
  return bpe_tokenizer_json(parts, 2);
}

// The text of a token that has a part of its own; null: there is none.
Json marked_token(const GgufFile& file, const char* name) {
  const auto id = file.find_integer(fmt::format("tokenizer.ggml.{}_token_id", name));
  if (!id) return nullptr;
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  if (*id < 0 || *id >= static_cast<int64_t>(tokens.size()))
    file.refuse(fmt::format("its {} token is {}, of {} tokens", name, *id, tokens.size()));
  return tokens[static_cast<size_t>(*id)];
}

std::string tokenizer_config(const GgufFile& file, bool sentence_piece) {
  Json config = {{"tokenizer_class", sentence_piece ? "LlamaTokenizer" : "PreTrainedTokenizerFast"},
                 {"add_bos_token", file.find_flag("tokenizer.ggml.add_bos_token").value_or(sentence_piece)},
                 {"add_eos_token", file.find_flag("tokenizer.ggml.add_eos_token").value_or(false)},
                 {"clean_up_tokenization_spaces", false}};
  const std::pair<const char*, const char*> marks[] = {
      {"bos_token", "bos"}, {"eos_token", "eos"}, {"pad_token", "padding"}, {"unk_token", "unknown"}};
  for (const auto& [key, name] : marks) config[key] = marked_token(file, name);
  if (const auto text = file.find_text("tokenizer.chat_template")) config["chat_template"] = *text;
  return json_text(config, 2) + "\n";
}

std::string generation_config(const GgufFile& file) {
  Json config = {{"_from_model_config", true}};
  const std::pair<const char*, const char*> marks[] = {
      {"bos_token_id", "bos"}, {"eos_token_id", "eos"}, {"pad_token_id", "padding"}};
  for (const auto& [key, name] : marks)
    if (const auto id = file.find_integer(fmt::format("tokenizer.ggml.{}_token_id", name))) config[key] = *id;
  return json_text(config, 2) + "\n";
}

}  // namespace

std::map<std::string, std::string> peer_tokenizer_files(const GgufFile& file) {
  const auto kind = file.find_text("tokenizer.ggml.model");
  if (!kind || *kind == "no_vocab") return {};
  std::map<std::string, std::string> files;
  if (*kind == "gpt2")
    files["tokenizer.json"] = tokenizer_json(file);
  else if (*kind == "llama")
    files["tokenizer.model"] = sentence_piece_file(file);
  else
    file.refuse(
        fmt::format("its tokenizer is of the kind {}, wanted gpt2 (byte-level BPE) or llama (SentencePiece)", *kind));
  files["tokenizer_config.json"] = tokenizer_config(file, *kind == "llama");
  files["generation_config.json"] = generation_config(file);
  return files;
}

}  // namespace convoy
