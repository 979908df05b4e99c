#include "datasets/gguf/gguf_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "datasets/gguf/word_cuts.h"
#include "datasets/tokenizers/sentence_piece/model_file.h"
#include "datasets/tokenizers/tokenizer_json.h"
#include "datasets/tokenizers/tokenizer_settings.h"

namespace convoy {
namespace {

constexpr int32_t kNormalToken = 1, kControlToken = 3, kUserToken = 4, kUnusedToken = 5;

[[noreturn]] void refuse_tokenizer(const std::string& what) {
  throw ConfigError(
      fmt::format("the model's tokenizer {}, which no GGUF file can say; --format huggingface takes it", what));
}

struct TokenList {
  std::vector<std::string> texts;
  std::vector<int32_t> types;
  std::vector<float> scores;  // of SentencePiece

  explicit TokenList(int64_t vocabulary) : types(static_cast<size_t>(vocabulary), kUnusedToken) {
    for (int64_t id = 0; id < vocabulary; ++id) texts.push_back(fmt::format("[PAD{}]", id));
  }
  void set(int64_t id, std::string_view text, int32_t type) {
    if (id < 0 || id >= static_cast<int64_t>(texts.size()))
      throw DataError(fmt::format(
          "the tokenizer has a token {}, the model knows {}; take the tokenizer of these weights", id, texts.size()));
    texts[static_cast<size_t>(id)] = text;
    types[static_cast<size_t>(id)] = type;
  }
  std::optional<int64_t> find(const std::optional<std::string>& text) const {
    if (!text) return std::nullopt;
    const auto found = std::ranges::find(texts, *text);
    return found == texts.end() ? std::nullopt : std::optional<int64_t>(found - texts.begin());
  }
};

TokenList add_byte_level(const std::string& content, int64_t vocabulary, GgufValues& values) {
  const TokenizerJson parts = parse_tokenizer_json(content, "tokenizer.json");
  const auto cuts = parts.byte_level ? name_of_word_cuts(parts) : std::nullopt;
  if (!cuts) refuse_tokenizer(fmt::format("cuts text otherwise than {}", known_word_cuts()));
  TokenList tokens(vocabulary);
  for (const auto& [text, id] : parts.vocabulary) tokens.set(id, text, kNormalToken);
  for (const AddedToken& token : parts.added_tokens)
    tokens.set(token.id, token.content, token.special ? kControlToken : kUserToken);
  std::vector<std::string> merges;
  for (const auto& [left, right] : parts.merges) merges.push_back(left + " " + right);
  values.emplace_back("tokenizer.ggml.model", std::string("gpt2"));
  values.emplace_back("tokenizer.ggml.pre", std::string(*cuts));
  values.emplace_back("tokenizer.ggml.merges", std::move(merges));
  return tokens;
}

TokenList add_sentence_piece(const std::string& content, int64_t vocabulary, GgufValues& values) {
  const sentence_piece::ModelFile file = sentence_piece::parse_model_file(content);
  if (file.type != sentence_piece::ModelType::bpe)
    refuse_tokenizer("is a SentencePiece model of another kind than BPE");
  if (!file.character_map.empty() || file.remove_extra_spaces || !file.escape_spaces || file.space_is_suffix)
    refuse_tokenizer("normalises text");
  TokenList tokens(vocabulary);
  tokens.scores.assign(tokens.texts.size(), -1000.0f);
  for (size_t id = 0; id < file.pieces.size(); ++id) {
    const sentence_piece::Piece& piece = file.pieces[id];
    tokens.set(static_cast<int64_t>(id), piece.text, static_cast<int32_t>(piece.type));
    tokens.scores[id] = piece.score;
  }
  values.emplace_back("tokenizer.ggml.model", std::string("llama"));
  values.emplace_back("tokenizer.ggml.pre", std::string("default"));
  values.emplace_back("tokenizer.ggml.add_space_prefix", file.add_dummy_prefix);
  return tokens;
}

void add_settings(const TokenizerSettings& settings, const TokenList& tokens, GgufValues& values) {
  const auto eos = settings.eos_ids.empty() ? std::nullopt : std::optional(settings.eos_ids.front());
  const std::tuple<const char*, const std::optional<std::string>&, std::optional<int64_t>> marks[] = {
      {"bos", settings.bos, settings.bos_id},
      {"eos", settings.eos, eos},
      {"padding", settings.padding, settings.padding_id},
      {"unknown", settings.unknown, std::nullopt}};
  for (const auto& [name, text, number] : marks) {
    const auto id = tokens.find(text);
    if (id || number)
      values.emplace_back(fmt::format("tokenizer.ggml.{}_token_id", name), static_cast<uint32_t>(id ? *id : *number));
  }
  if (settings.add_bos) values.emplace_back("tokenizer.ggml.add_bos_token", *settings.add_bos);
  if (settings.add_eos) values.emplace_back("tokenizer.ggml.add_eos_token", *settings.add_eos);
  if (settings.chat_template) values.emplace_back("tokenizer.chat_template", *settings.chat_template);
}

}  // namespace

GgufValues gguf_tokenizer(const std::map<std::string, std::string>& files, int64_t vocabulary) {
  GgufValues values;
  const auto json = files.find("tokenizer.json"), piece = files.find("tokenizer.model");
  if (json == files.end() && piece == files.end()) {
    values.emplace_back("tokenizer.ggml.model", std::string("no_vocab"));
    return values;
  }
  TokenList tokens = json != files.end() ? add_byte_level(json->second, vocabulary, values)
                                         : add_sentence_piece(piece->second, vocabulary, values);
  add_settings(tokenizer_settings(files), tokens, values);
  values.emplace_back("tokenizer.ggml.tokens", std::move(tokens.texts));
  values.emplace_back("tokenizer.ggml.token_type", std::move(tokens.types));
  if (!tokens.scores.empty()) values.emplace_back("tokenizer.ggml.scores", std::move(tokens.scores));
  return values;
}

}  // namespace convoy
