#include "launcher/config/write_config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/base/utf8.h"
#include "core/models/layers_family.h"
#include "core/optimizer/makers.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/json_schema.h"
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
  Config config;
  config.model.from = "models/base";  // left out where it is empty
  const std::string text = to_yaml(config);
  for (const std::string& key : config_keys())
    EXPECT_NE(text.find(key.substr(key.find_last_of('.') + 1) + ": "), std::string::npos) << key;
}

TEST(WriteConfig, DoublesComeBackBitForBit) {
  Config config;
  for (const double decay : {1.0 / 3.0, 0.1, 1e-8, 6.25e-5, 5e29, std::numeric_limits<double>::denorm_min(),
                             std::nextafter(0.1, 1.0), 1.0, 1e22}) {
    config.optimizer.kind.as<AdamWMaker>()->weight_decay = decay;
    const Config read = parse_config(to_yaml(config), "written", {});
    EXPECT_EQ(read.optimizer.kind.as<AdamWMaker>()->weight_decay, decay) << to_yaml(config);
  }
}

TEST(WriteConfig, TextOfEveryKindComesBack) {
  Config config;
  for (const char* dir : {"runs/a",
                          "/tmp/x y",
                          "a: b",
                          "# no comment",
                          "true",
                          "12",
                          "it's",
                          "say \"hi\"",
                          "back\\slash",
                          "tab\there",
                          "Zürich",
                          "{a}",
                          "~",
                          "-",
                          "null",
                          "a\nb",
                          ".",
                          "caf\xe9",
                          "\xff\xfe",
                          "\\xe9 is four letters",
                          "next\u0085line\u2028end\ufeff",
                          "\x04\x7f",
                          " a ",
                          "日本 😀\xf0\x9f"}) {
    config.run.dir = dir;
    EXPECT_EQ(first_invalid_utf8(to_yaml(config)), std::nullopt);
    EXPECT_EQ(parse_config(to_yaml(config), "written", {}).run.dir, dir) << to_yaml(config);
  }
}

// In double quotes, and as files of another encoding hold them.
TEST(WriteConfig, ReadsNamesThatAreNoUtf8) {
  for (const char* text : {"run: {dir: caf\\xe9}", "run: {dir: 'caf\\xe9'}", "run: {dir: \"caf\\\\xe9\"}",
                           "run: {dir: caf\xe9}", "run:\n  dir: caf\xe9\n"})
    EXPECT_EQ(parse_config(text, "written", {}).run.dir, "caf\xe9") << text;
  EXPECT_EQ(parse_config("{run: {seed: 1}}", "written", {"run.dir=caf\\xe9"}).run.dir, "caf\\xe9") << "a word is bytes";
}

TEST(WriteConfig, OneValueIsPrintedAsItIs) {
  Config config;
  config.run.dir = "a \"b\"\xe9\n";
  config.optimizer.kind.as<AdamWMaker>()->lr = 0.25;
  EXPECT_EQ(config_value(config, "run.dir"), config.run.dir);
  EXPECT_EQ(config_value(config, "optimizer.lr"), "0.25");
  EXPECT_EQ(config_value(config, "parallel.virtual_ranks"), "auto");
  EXPECT_EQ(config_value(config, "run.dirt"), std::nullopt);
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

// Every kind of everything, each with its own keys.
TEST(WriteConfig, EveryKindComesBack) {
  for (const auto& kind : optimizer_kinds()) {
    Config config;
    config.optimizer.kind.choose(kind.name);
    expect_round_trip(config);
  }
  for (const auto& kind : schedule_kinds()) {
    Config config;
    config.schedule.kind.choose(kind.name);
    expect_round_trip(config);
  }
  for (const auto& kind : metric_kinds()) {
    Config config;
    config.evaluate.metrics.assign(2, MetricChoice(metric_kinds(), kind.name));
    expect_round_trip(config);
  }
  Config config;
  config.model.family.choose("layers");
  config.model.family.as<LayersFamily>()->layers.assign(3, ListedLayer(layer_item_kinds()));
  config.optimizer.groups = {
      {.match = "*.bias", .name = "biases", .lr_scale = 2, .weight_decay = {0.0}, .freeze = false},
      {.match = "layers.0.*", .freeze = true}};
  expect_round_trip(config);
}

TEST(ConfigPage, TellsTheKeysOfKindsThatAreNotChosen) {
  const std::string page = config_page(Config());
  for (const char* line : {"  # name: sgd    gradient descent", "  #   momentum: 0.0",
                           "  # family: layers    the layers", "  # - f1    harmonic mean", "  #   match: \"\""})
    EXPECT_NE(page.find(line), std::string::npos) << line << " is not in\n" << page;
}

std::vector<std::string> properties_in(const nlohmann::json& schema) {
  std::vector<std::string> names;
  for (const auto& [name, property] : schema.at("properties").items()) names.push_back(name);
  return names;
}

TEST(ConfigSchema, HasEveryKeyOfEveryKind) {
  const auto schema = nlohmann::json::parse(config_schema(Config()));
  EXPECT_FALSE(schema.at("additionalProperties").get<bool>());
  const auto& properties = schema.at("properties");
  EXPECT_EQ(properties.at("batch").at("properties").at("micro").at("minimum"), 1);
  const auto& optimizers = properties.at("optimizer").at("oneOf");
  ASSERT_EQ(optimizers.size(), optimizer_kinds().size());
  for (size_t i = 0; i < optimizers.size(); ++i) {
    EXPECT_EQ(optimizers[i].at("properties").at("name").at("const"), optimizer_kinds()[i].name);
    EXPECT_TRUE(optimizers[i].at("properties").contains("lr"));
    EXPECT_TRUE(optimizers[i].at("properties").contains("groups"));
    EXPECT_EQ(optimizers[i].contains("required"), optimizer_kinds()[i].name != "adamw");
  }
  EXPECT_EQ(properties.at("evaluate").at("properties").at("metrics").at("type"), "array");
  for (const std::string& section : config_sections()) EXPECT_TRUE(properties.contains(section)) << section;
  EXPECT_EQ(properties_in(properties.at("log")), (std::vector<std::string>{"every_steps", "profile_steps", "tensorboard"}));
}

TEST(ConfigPage, IsItselfAConfigAndTellsUnitRangeAndMeaning) {
  const std::string page = config_page(Config());
  EXPECT_EQ(to_yaml(parse_config(page, "page", {})), to_yaml(Config()));
  EXPECT_NE(page.find("bucket_bytes: 26214400"), std::string::npos);
  EXPECT_NE(page.find("# [bytes, 4 to 1e12] gradients that are reduced together"), std::string::npos);
  EXPECT_NE(
      page.find("# [cosine, constant, linear, step, warmup_stable_decay, one_cycle, plateau] course of the learning"),
      std::string::npos);
  EXPECT_NE(page.find("# [0 to below 1] decay of the first moment"), std::string::npos);
}

}  // namespace
}  // namespace convoy
