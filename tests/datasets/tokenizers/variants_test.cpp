// Pre-tokenizers and normalizers of all kinds cut and change text as Hugging Face's library does: see
// tests/reference/tokenizer_variants.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/byte_alphabet.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

using nlohmann::json;

// Merges any two bytes, so that tokens tell where words were cut; as the script makes it.
json pairs_model() {
  std::vector<std::string> alphabet(256);
  json model = {{"type", "BPE"}, {"merges", json::array()}, {"vocab", json::object()}};
  for (size_t byte = 0; byte < 256; ++byte) {
    append_utf8(alphabet[byte], byte_alphabet()[byte]);
    model["vocab"][alphabet[byte]] = byte;
  }
  for (size_t i = 0; i < 65536; ++i) {
    const size_t pair = i * 40503 % 65536;
    model["merges"].push_back({alphabet[pair / 256], alphabet[pair % 256]});
    model["vocab"][alphabet[pair / 256] + alphabet[pair % 256]] = 256 + i;
  }
  return model;
}

json added_tokens() {
  json tokens = json::array();
  for (const char* content : {"<|endoftext|>", "<x>", "\u65e5"})
    tokens.push_back({{"id", 256 + 65536 + tokens.size()}, {"content", content}, {"normalized", !tokens.empty()}});
  return tokens;
}

TEST(TokenizerVariants, MakeTheSameTokens) {
  const json reference =
      parse_json(read_file(std::string(CONVOY_SOURCE_DIR) + "/tests/reference/tokenizers/variants.expected.json"));
  const std::string rest =
      R"(, "added_tokens": )" + json_text(added_tokens()) + R"(, "model": )" + json_text(pairs_model()) + "}";
  ASSERT_GE(reference.at("variants").size(), 25u);
  std::mt19937 random(1);
  for (const json& variant : reference.at("variants")) {
    const std::string file = R"({"pre_tokenizer": )" + json_text(variant.at("pre_tokenizer")) + R"(, "normalizer": )" +
                             json_text(variant.at("normalizer")) + rest;
    const auto tokenizer = parse_tokenizer(file, "tokenizer.json");
    const auto encoder = tokenizer->make_encoder();
    for (size_t i = 0; i < reference.at("texts").size(); ++i) {
      const std::string text = reference["texts"][i];
      const auto wanted = variant.at("tokens").at(i).get<std::vector<int32_t>>();
      ASSERT_EQ(tokenizer->encode(text), wanted) << variant.at("name") << ": " << text;
      std::vector<int32_t> found;
      for (size_t done = 0, bytes = 0; done < text.size(); done += bytes) {
        bytes = random() % 9;
        encoder->add(std::string_view(text).substr(done, bytes), found);
      }
      encoder->finish(found);
      ASSERT_EQ(found, wanted) << variant.at("name") << " in parts: " << text;
    }
  }
}

}  // namespace
}  // namespace convoy
