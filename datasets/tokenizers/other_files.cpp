#include "datasets/tokenizers/other_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace convoy {
namespace {

constexpr const char* kTake =
    "take the tokenizer.json of the same model from its Hugging Face folder, or a SentencePiece tokenizer.model";
constexpr size_t kLinesLookedAt = 16;
constexpr size_t kMostLineBytes = 4096;

struct Beginning {
  std::string_view bytes;
  const char* what;
  const char* take;
};
constexpr Beginning kBeginnings[] = {
    {"version https://git-lfs.github.com/", "a pointer of Git LFS in place of the file",
     "fetch the file itself with `git lfs pull`, or download it"},
    {"\x1F\x8B", "a gzip archive", "unpack it with `gunzip`"},
    {"\xFD"
     "7zXZ",
     "an xz archive", "unpack it with `unxz`"},
    {std::string_view("PK\x03\x04", 4), "a zip archive", "unpack it with `unzip`"},
    {"GGUF", "a GGUF model", kTake},
    {"#version:", "a merges.txt, which is one half of a byte-level BPE tokenizer", kTake},
    {"<!DOCTYPE html", "a web page in place of the file", "download the file itself"},
    {"<!doctype html", "a web page in place of the file", "download the file itself"},
    {"<html", "a web page in place of the file", "download the file itself"},
};

// The first whole lines, without their line ends; none if one is too long for a list.
std::vector<std::string_view> first_lines(std::string_view content) {
  std::vector<std::string_view> lines;
  while (!content.empty() && lines.size() < kLinesLookedAt) {
    const size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    if (line.size() > kMostLineBytes) return {};
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  return !text.empty() && text.size() % 4 == 0 && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

// "IQ== 0": bytes in base64 and a rank.
bool is_rank(std::string_view line) {
  const size_t space = line.find(' ');
  return space != std::string_view::npos && is_base64(line.substr(0, space)) && is_digits(line.substr(space + 1));
}

bool is_printable(std::string_view line) {
  return std::ranges::none_of(line, [](unsigned char c) { return c < 0x20 && c != '\t'; });
}

// "h e": two symbols.
bool is_merge(std::string_view line) {
  return std::ranges::count(line, ' ') == 1 && line.size() >= 3 && line.front() != ' ' && line.back() != ' ' &&
         is_printable(line);
}

bool has_line(const std::vector<std::string_view>& lines, std::string_view wanted) {
  return std::ranges::find(lines, wanted) != lines.end();
}

bool is_score_list(const std::vector<std::string_view>& lines) {
  return std::ranges::all_of(lines, [](std::string_view line) { return line.find('\t') != std::string_view::npos; }) &&
         std::ranges::any_of(lines, [](std::string_view line) { return line.starts_with("<unk>\t"); });
}

// Its length, then a JSON object.
bool is_safetensors(std::string_view content) {
  return content.size() > 16 && content.substr(4, 4) == std::string_view("\0\0\0\0", 4) &&
         content.substr(8, 2) == "{\"";
}

std::optional<std::string> list_of(const std::vector<std::string_view>& lines) {
  if (lines.empty()) return std::nullopt;
  if (std::ranges::all_of(lines, is_rank))
    return fmt::format(
        "ranks of tiktoken (as Llama 3's tokenizer.model): tokens without the pattern that cuts text into "
        "words; {}",
        kTake);
  if (has_line(lines, "[PAD]") || has_line(lines, "[UNK]"))
    return fmt::format("a vocab.txt, the words of a WordPiece tokenizer, which is not supported; {}", kTake);
  if (is_score_list(lines)) return "the readable list of a SentencePiece model's tokens; take the .model beside it";
  if (lines.size() > 2 && std::ranges::all_of(lines, is_merge))
    return fmt::format("a merges.txt, which is one half of a byte-level BPE tokenizer; {}", kTake);
  return std::nullopt;
}

bool is_tekken(const nlohmann::json& file) {
  const auto vocabulary = file.find("vocab");
  return file.contains("config") && vocabulary != file.end() && vocabulary->is_array() && !vocabulary->empty() &&
         vocabulary->front().is_object() && vocabulary->front().contains("token_bytes");
}

}  // namespace

std::optional<std::string> what_else_it_is(std::string_view content) {
  for (const Beginning& beginning : kBeginnings)
    if (content.starts_with(beginning.bytes)) return fmt::format("{}; {}", beginning.what, beginning.take);
  if (is_safetensors(content)) return fmt::format("weights of a model (safetensors); {}", kTake);
  return list_of(first_lines(content));
}

std::optional<std::string> what_else_it_is(const nlohmann::json& file) {
  if (!file.is_object() || file.empty()) return std::nullopt;
  if (is_tekken(file)) return fmt::format("a tokenizer of Mistral's tekken kind, which is not supported; {}", kTake);
  if (std::ranges::all_of(file, [](const nlohmann::json& value) { return value.is_number_integer(); }))
    return fmt::format("a vocab.json (or added_tokens.json), which is one half of a byte-level BPE tokenizer; {}",
                       kTake);
  for (const char* key : {"tokenizer_class", "added_tokens_decoder", "bos_token", "eos_token", "unk_token"})
    if (file.contains(key))
      return fmt::format("settings of a tokenizer (tokenizer_config.json or the like); {}", kTake);
  for (const char* key : {"model_type", "architectures"})
    if (file.contains(key)) return fmt::format("a model's config.json; {}", kTake);
  return std::nullopt;
}

}  // namespace convoy
