// Whatever stands behind a key, on the command line or in a file, of whatever shape the file: a config or one
// ConfigError that can be read. Keys come from describe(), so that a new one is tried like the others.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "core/base/error.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"

namespace convoy {
namespace {

std::vector<std::string> strange_values() {
  std::vector<std::string> values = {"",
                                     "0",
                                     "-0",
                                     "-1",
                                     "1",
                                     "2",
                                     "9223372036854775807",
                                     "-9223372036854775808",
                                     "1e308",
                                     "-1e308",
                                     "5e-324",
                                     "1e999",
                                     "1e-999",
                                     "nan",
                                     "-nan",
                                     "inf",
                                     ".inf",
                                     "auto",
                                     "true",
                                     "null",
                                     "~",
                                     "0x10",
                                     "010",
                                     "1_000",
                                     "1,5",
                                     "[1, 2]",
                                     "{a: 1}",
                                     "&a 1",
                                     "*a",
                                     "!!int 1",
                                     "!!binary aGVsbG8=",
                                     "|\n text",
                                     "'1'",
                                     "\"1\"",
                                     "- 1",
                                     "# none",
                                     "%",
                                     "a: b",
                                     "\x01\x02\x7f",
                                     "\x1b[31mred",
                                     "\xff\xfe",
                                     "caf\xe9",
                                     "\xed\xa0\x80",
                                     "a\nb",
                                     "a\r\nb",
                                     "\t",
                                     "\xef\xbb\xbf"
                                     "1",
                                     "99999999999999999999999999"};
  for (const char c : {'7', 'a', ' ', '\xe9', '['}) values.emplace_back(20000, c);
  values.emplace_back("1\0002", 3);
  return values;
}

// The config that comes of it can be written and read again; a refusal is short enough to be read.
void expect_config_or_explanation(const std::string& text, const std::vector<std::string>& overrides,
                                  const std::string& what) {
  try {
    const std::string written = to_yaml(parse_config(text, "fuzz.yaml", overrides));
    EXPECT_EQ(to_yaml(parse_config(written, "again.yaml", {})), written) << what;
  } catch (const ConfigError& error) {
    const std::string said = error.what();
    EXPECT_GT(said.size(), 15u) << what;
    EXPECT_LT(said.size(), 4000u) << what << ": " << said.substr(0, 1000);
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
}

std::string in_yaml(const std::string& key, const std::string& value) {
  const size_t dot = key.find('.');
  return dot == std::string::npos ? fmt::format("{}: {}\n", key, value)
                                  : fmt::format("{}:\n  {}: {}\n", key.substr(0, dot), key.substr(dot + 1), value);
}

TEST(ConfigFuzz, EveryKeyTakesOrRefusesEveryValue) {
  const std::vector<std::string> values = strange_values();
  for (const std::string& key : config_keys())
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string what = fmt::format("{} with value {} ({} bytes)", key, i, values[i].size());
      expect_config_or_explanation("{}", {key + "=" + values[i]}, what);
      expect_config_or_explanation(in_yaml(key, values[i]), {}, what);
    }
}

TEST(ConfigFuzz, NamesOfEveryKindAreRefused) {
  for (const std::string& name : strange_values()) {
    expect_config_or_explanation(in_yaml("model." + name, "1"), {}, "key");
    expect_config_or_explanation(in_yaml(name + ".layers", "1"), {}, "section");
    expect_config_or_explanation("{}", {name + "=1"}, "override");
    expect_config_or_explanation("{}", {name}, "word");
  }
}

// Pieces of YAML thrown together.
TEST(ConfigFuzz, FilesOfEveryShape) {
  const std::vector<std::string> pieces = {"model", "layers", ":",  " ",    "\n",    "\n  ",  "{",    "}",
                                           "[",     "]",      "4",  ",",    "- ",    "? ",    "|",    ">",
                                           "\"",    "'",      "#",  "&a",   "*a",    "!!int", "---",  "...",
                                           "<<",    "%YAML",  "\t", "\xff", "\\x41", "batch", "micro"};
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (uint32_t n = random() % 30; n > 0; --n) text += pieces[random() % pieces.size()];
    expect_config_or_explanation(text, {}, fmt::format("file {}: {}", i, text));
  }
  for (const char* piece : {"[", "{", "- ", "? ", "a: {", "&a [", "!!int "}) {
    std::string deep;
    for (int i = 0; i < 20000; ++i) deep += piece;
    expect_config_or_explanation(deep, {}, piece);
  }
}

}  // namespace
}  // namespace convoy
