#include "launcher/config/write_config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "launcher/config/config_keys.h"
#include "launcher/config/load_config.h"

namespace convoy {
namespace {

// Equal configs write equal YAML: every key is in it.
void expect_round_trip(const Config& config) {
  const std::string text = to_yaml(config);
  EXPECT_EQ(to_yaml(parse_config(text, "written", {})), text);
}

TEST(WriteConfig, DefaultsComeBack) { expect_round_trip(Config()); }

TEST(WriteConfig, EveryKeyIsWritten) {
  const std::string text = to_yaml(Config());
  for (const std::string& key : config_keys())
    EXPECT_NE(text.find(key.substr(key.find_last_of('.') + 1) + ": "), std::string::npos) << key;
}

TEST(WriteConfig, DoublesComeBackBitForBit) {
  Config config;
  for (const double lr : {1.0 / 3.0, 0.1, 1e-8, 6.25e-5, 5e300, std::numeric_limits<double>::denorm_min(),
                          std::nextafter(0.1, 1.0), 1.0, 1e22}) {
    config.optimizer.lr = lr;
    EXPECT_EQ(parse_config(to_yaml(config), "written", {}).optimizer.lr, lr) << to_yaml(config);
  }
}

TEST(WriteConfig, TextOfEveryKindComesBack) {
  Config config;
  for (const char* dir : {"runs/a", "/tmp/x y", "a: b", "# no comment", "true", "12", "it's", "say \"hi\"",
                          "back\\slash", "tab\there", "Zürich", "{a}", "~", "-", "null", "a\nb", "."}) {
    config.run.dir = dir;
    EXPECT_EQ(parse_config(to_yaml(config), "written", {}).run.dir, dir) << to_yaml(config);
  }
}

TEST(WriteConfig, EnumsAndAutoComeBack) {
  Config config;
  config.run.resume = Resume::automatic;
  config.precision = Precision::bf16;
  config.parallel.virtual_ranks.value = 4;
  config.parallel.reproducible = false;
  expect_round_trip(config);
  const Config read = parse_config(to_yaml(config), "written", {});
  EXPECT_EQ(read.run.resume, Resume::automatic);
  EXPECT_EQ(read.parallel.virtual_ranks.value, 4);
  EXPECT_FALSE(read.parallel.reproducible);
}

TEST(ConfigPage, IsItselfAConfigAndTellsUnitAndMeaning) {
  const std::string page = config_page(Config());
  EXPECT_EQ(to_yaml(parse_config(page, "page", {})), to_yaml(Config()));
  EXPECT_NE(page.find("bucket_bytes: 26214400"), std::string::npos);
  EXPECT_NE(page.find("# [bytes] gradients that are reduced together"), std::string::npos);
}

}  // namespace
}  // namespace convoy
