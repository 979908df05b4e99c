// Time that grows with the text's length and memory that does not, for every tokenizer and however odd the text is.
// What is quadratic takes hours here.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

struct Named {
  std::string name;
  std::unique_ptr<Tokenizer> tokenizer;
};

std::vector<Named> all_tokenizers() {
  std::vector<Named> all;
  const auto folder = std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find("expected") == std::string::npos) all.push_back({name, load_tokenizer(entry.path())});
  }
  all.push_back({"bytes", parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json")});
  all.push_back(
      {"characters", parse_tokenizer(characters_tokenizer_json({'A', 'C', 'G', 'T', 'a', 'b', ' ', '\n', '.', '7'}),
                                     "tokenizer.json")});
  return all;
}

std::string repeated(std::string_view piece, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  return text;
}

TEST(LongText, OneWordOfHalfAMegabyte) {
  for (const auto& [name, tokenizer] : all_tokenizers())
    for (const char* piece : {"a", " ", "\n", "7", "ACGT", "aA7. "}) {
      SCOPED_TRACE(name + " " + piece);
      const std::string text = repeated(piece, 1 << 19);
      std::vector<int32_t> tokens;
      const auto encoder = tokenizer->make_encoder();
      for (size_t done = 0; done < text.size(); done += 4096)
        encoder->add(std::string_view(text).substr(done, 4096), tokens);
      encoder->finish(tokens);
      EXPECT_EQ(tokens, tokenizer->encode(text));
    }
}

// Bytes of memory that this process has ever had at once since the last reset, which writing 5 to clear_refs is; 0: the
// system does not tell.
size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> word) return std::stoull(word) * 1024;
  return 0;
}

TEST(LongText, MemoryDoesNotGrow) {
  const std::string lines = repeated("A line of a and b. 77 Aa CAT.\n\n  baaa: a.\tA\n", 1 << 19);
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    if (name == "characters") continue;
    const auto encoder = tokenizer->make_encoder();
    std::vector<int32_t> tokens;
    const auto add = [&] {
      tokens.clear();
      encoder->add(lines, tokens);
    };
    add();
    std::ofstream("/proc/self/clear_refs") << 5 << std::flush;
    const size_t before = peak_bytes();
    if (before == 0) GTEST_SKIP() << "the system does not tell the peak of memory";
    for (int i = 0; i < 7; ++i) add();
    encoder->finish(tokens);
    EXPECT_LT(peak_bytes(), before + (size_t{12} << 20)) << name;
  }
}

// What cannot be cut without changing tokens is kept whole, up to a limit: then it is refused, never changed.
TEST(LongText, WhatIsTooLongIsRefused) {
  const auto folder = std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers";
  const auto tokenizer = load_tokenizer(folder / "llama3_style.json");
  const auto encoder = tokenizer->make_encoder();
  const std::string letters = repeated("s", 1 << 20);
  std::vector<int32_t> tokens;
  const auto add_much = [&] {
    for (int i = 0; i < 40; ++i) encoder->add(letters, tokens);
  };
  EXPECT_DATA_ERROR(add_much(), "MiB", "break it up with line ends");
}

}  // namespace
}  // namespace convoy
