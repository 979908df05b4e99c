#include "datasets/tokenizers/load_tokenizer.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/files/data_errors.h"
#include "datasets/tokenizers/byte_level_bpe.h"
#include "datasets/tokenizers/character_tokenizer.h"
#include "datasets/tokenizers/other_files.h"
#include "datasets/tokenizers/sentence_piece/sentence_piece_tokenizer.h"
#include "datasets/tokenizers/tokenizer_json.h"

namespace convoy {
namespace {

constexpr char32_t kNone = 0xFFFFFFFF;

char32_t only_character(const std::string& entry) {
  if (entry.empty() || first_invalid_utf8(entry)) return kNone;
  size_t position = 0;
  const char32_t character = next_code_point(entry, position);
  return position == entry.size() ? character : kNone;
}

// By token, if the file is one of characters_tokenizer_json: every id from 0 on is one character.
std::optional<std::vector<char32_t>> characters_of(const TokenizerJson& parts) {
  if (!parts.merges.empty() || !parts.added_tokens.empty() || !parts.cut_rules.empty() || !parts.normal_forms.empty() ||
      parts.vocabulary.empty())
    return std::nullopt;
  std::vector<char32_t> characters(parts.vocabulary.size(), kNone);
  for (const auto& [entry, id] : parts.vocabulary) {
    if (id < 0 || static_cast<size_t>(id) >= characters.size()) return std::nullopt;
    characters[static_cast<size_t>(id)] = only_character(entry);
  }
  for (const char32_t character : characters)
    if (character == kNone) return std::nullopt;
  return characters;
}

std::unique_ptr<Tokenizer> tokenizer_from_json(std::string content, std::string_view origin) {
  const TokenizerJson parts = parse_tokenizer_json(content, origin);
  if (auto characters = characters_of(parts))
    return std::make_unique<CharacterTokenizer>(std::move(*characters), std::move(content));
  if (!parts.byte_level)
    throw DataError(
        fmt::format("{}: a BPE tokenizer without pre_tokenizer ByteLevel, wanted a byte-level one like "
                    "GPT-2's; for Llama and its kin use the SentencePiece tokenizer.model beside it",
                    origin));
  try {
    return std::make_unique<ByteLevelBpe>(parts, std::move(content));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}; check that the file is whole", origin, error.what()));
  }
}

std::filesystem::path file_in(const std::filesystem::path& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer.model"})
    if (is_there(folder / name)) return folder / name;
  throw DataError(
      fmt::format("{}: holds neither tokenizer.json nor tokenizer.model; name the tokenizer's file", folder.string()));
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  const std::filesystem::path file = as_data_error([&] { return is_folder(path) ? file_in(path) : path; });
  return parse_tokenizer(as_data_error([&] { return read_file(file); }), file.string());
}

std::unique_ptr<Tokenizer> parse_tokenizer(std::string content, std::string_view origin) {
  const size_t first = content.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    throw DataError(fmt::format("{}: the tokenizer's file is empty; fetch it again", origin));
  if (const auto other = what_else_it_is(content)) throw DataError(fmt::format("{}: is {}", origin, *other));
  const bool is_json = origin.ends_with(".json") || (content[first] == '{' && !origin.ends_with(".model"));
  if (is_json) return tokenizer_from_json(std::move(content), origin);
  return std::make_unique<SentencePieceTokenizer>(std::move(content), origin);
}

}  // namespace convoy
