#include "launcher/config/load_config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.h"
#include "core/models/gpt2_family.h"

namespace convoy {
namespace {

Config parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_config(text, "train.yaml", overrides);
}

Gpt2Config gpt2_of(const Config& config) { return config.model.family.as<Gpt2Family>()->sizes; }

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

void expect_says(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << message << "' should say '" << part << "'";
}

TEST(LoadConfig, KeysNotGivenKeepTheirDefaults) {
  const Config config = parse("model: {layers: 6}\nprecision: bf16\n");
  EXPECT_EQ(gpt2_of(config).layers, 6);
  EXPECT_EQ(gpt2_of(config).heads, gpt2_of(Config()).heads);
  EXPECT_EQ(config.precision, Precision::bf16);
  EXPECT_EQ(config.optimizer.kind.make()->learning_rate(), Config().optimizer.kind.make()->learning_rate());
}

TEST(LoadConfig, AGroupWithoutKeysIsAllDefaults) { EXPECT_EQ(parse("run:\nmodel: {layers: 2}\n").run.dir, "runs/run"); }

TEST(LoadConfig, AnUnknownKeyNamesPlaceAndNearestKey) {
  expect_says(error_of("model:\n  chanels: 128\n"),
              {"train.yaml:2:12:", "unknown key model.chanels", "did you mean model.channels?"});
}

TEST(LoadConfig, AKeyInTheWrongGroupIsRecognised) {
  expect_says(error_of("train: {lr: 1.0e-3}\n"), {"unknown key train.lr", "did you mean optimizer.lr?"});
  expect_says(error_of("lr: 1.0e-3\n"), {"unknown key lr", "did you mean optimizer.lr?"});
}

TEST(LoadConfig, AKeyLikeNoOtherGetsTheKeysOfItsGroup) {
  expect_says(error_of("batch: {banana: 1}\n"), {"unknown key batch.banana", "the keys of batch are micro, global"});
}

TEST(LoadConfig, AnUnknownGroupNamesTheNearest) {
  expect_says(error_of("modle: {layers: 4}\n"),
              {"train.yaml:1:1:", "unknown group of keys modle", "did you mean model?"});
}

TEST(LoadConfig, WrongTypesNameTheValue) {
  expect_says(error_of("model: {layers: 1.5}\n"), {"train.yaml:1:17:", "model.layers = 1.5 is no whole number"});
  expect_says(error_of("log: {tensorboard: yes}\n"), {"log.tensorboard = yes", "write true"});
  expect_says(error_of("model: {layers: \"4\"}\n"), {"model.layers = 4 is text in quotes"});
  expect_says(error_of("model: {layers: [4]}\n"), {"model.layers is a list; one value is wanted"});
  expect_says(error_of("model: {layers: {a: 1}}\n"), {"model.layers is a group of keys; one value is wanted"});
  expect_says(error_of("model: 4\n"), {"model = 4 is one value where a group of keys is wanted"});
  expect_says(error_of("precision: fp16\n"), {"precision = fp16 is unknown; there are f32, tf32, bf16"});
  expect_says(error_of("model:\n  layers:\n"), {"train.yaml:2:3:", "model.layers has no value"});
}

TEST(LoadConfig, ImpossibleValuesNameThePlace) {
  expect_says(error_of("model:\n  layers: 0\n"), {"train.yaml:2:11:", "model.layers = 0; at least 1 is wanted"});
}

TEST(LoadConfig, ADuplicateKeyNamesBothLines) {
  expect_says(error_of("batch:\n  micro: 8\n  micro: 4\n"),
              {"train.yaml:3:3:", "batch.micro stands here for the second time, first in line 2"});
  expect_says(error_of("device: cpu\ndevice: cpu\n"), {"device stands here for the second time, first in line 1"});
  expect_says(error_of("batch: {micro: 8}\nbatch: {global: 8}\n"), {"batch stands here for the second time"});
}

TEST(LoadConfig, AllMistakesAreToldAtOnceInOrderOfPlace) {
  const std::string message =
      error_of("model: {layers: 1.5, chanels: 2}\nbatch:\n  micro: 0\n", {"train.stepps=4", "optimizer.lr=fast"});
  expect_says(message, {"5 mistakes", "model.layers = 1.5", "did you mean model.channels?", "batch.micro = 0",
                        "command line: unknown key train.stepps; did you mean train.steps?",
                        "command line: optimizer.lr = fast is no number"});
  EXPECT_LT(message.find("1:17"), message.find("3:10"));
}

TEST(LoadConfig, AMistypedValueIsNotBlamedTwice) {
  expect_says(error_of("batch: {micro: 8, global: many}\n"), {"train.yaml:1:27: batch.global = many"});
  EXPECT_EQ(error_of("batch: {micro: 8, global: many}\n").find("multiple"), std::string::npos);
}

TEST(LoadConfig, SyntaxErrorsNameLineAndColumn) {
  expect_says(error_of("model: {layers: 4\nbatch: 3\n"), {"train.yaml:2:", "not valid YAML"});
  expect_says(error_of(""), {"train.yaml:", "holds no keys"});
  expect_says(error_of("- 1\n- 2\n"), {"not a list of `key: value` lines"});
  expect_says(error_of("device: cpu\n---\ndevice: cpu\n"), {"2 YAML documents"});
}

// yaml-cpp alone would make documents of this for ever.
TEST(LoadConfig, WhatBeginsNothingIsASyntaxError) {
  for (const char* text : {",", ",, |", "]", "}", "device: cpu\n,", "device: cpu\n--- ,"})
    expect_says(error_of(text), {"train.yaml:", "not valid YAML"});
  expect_says(error_of(std::string(2000, '[')), {"deeper than any config"});
}

TEST(LoadConfig, OverridesWinAndTheLastOfThemCounts) {
  const Config config =
      parse("train: {steps: 10}\n", {"train.steps=20", "train.steps=30", "run.dir=runs/a=b", "device=cpu"});
  EXPECT_EQ(config.train.steps.value, 30);
  EXPECT_EQ(config.run.dir, "runs/a=b");
  EXPECT_EQ(config.device, DeviceChoice::cpu);
}

TEST(LoadConfig, AnOverrideMendsTheFile) {
  EXPECT_EQ(gpt2_of(parse("model: {heads: 3}\n", {"model.heads=4"})).heads, 4);
}

TEST(LoadConfig, OverridesMustBeKeyValue) {
  expect_says(error_of("device: cpu\n", {"train.steps"}), {"command line: `train.steps` is not of the form key=value"});
  expect_says(error_of("device: cpu\n", {"model=gpt2"}), {"model is a group of keys; set one of them"});
}

TEST(LoadConfig, PresetsFillSizesAndExplicitKeysWin) {
  const Config config = parse("model: {layers: 2, preset: gpt2-124m}\n");
  EXPECT_EQ(gpt2_of(config).layers, 2);
  EXPECT_EQ(gpt2_of(config).heads, 12);
  EXPECT_EQ(gpt2_of(config).channels, 768);
  EXPECT_EQ(gpt2_of(config).context, 1024);
}

TEST(LoadConfig, APresetOnTheCommandLineWinsOverTheFile) {
  const Config config =
      parse("model: {layers: 2, heads: 2, channels: 8}\n", {"model.context=256", "model.preset=gpt2-1558m"});
  EXPECT_EQ(gpt2_of(config).layers, 48);
  EXPECT_EQ(gpt2_of(config).heads, 25);
  EXPECT_EQ(gpt2_of(config).channels, 1600);
  EXPECT_EQ(gpt2_of(config).context, 256);
}

TEST(LoadConfig, APresetBringsItsFamilyAlong) {
  EXPECT_EQ(parse("model: {preset: smollm2-135m}\n").model.family.name(), "llama");
  EXPECT_EQ(parse("device: cpu\n", {"model.preset=qwen3-0.6b"}).model.family.name(), "llama");
  EXPECT_EQ(parse("model: {preset: gpt2-124m}\n").model.family.name(), "gpt2");
  expect_says(error_of("model: {family: gpt2, preset: smollm2-135m}\n"), {"model.preset = smollm2-135m is unknown"});
}

TEST(LoadConfig, AnUnknownPresetNamesTheNearest) {
  expect_says(error_of("model: {preset: gpt2-124}\n"),
              {"model.preset = gpt2-124 is unknown", "did you mean gpt2-124m?"});
}

class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string error_of_file(const std::string& name) {
    try {
      load_config(folder_ / name, {});
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "convoy_config_files";
};

TEST_F(ConfigFiles, AMissingFileIsAnsweredWithTheNearest) {
  std::ofstream(folder_ / "train.yaml") << "device: cpu\n";
  expect_says(error_of_file("trian.yaml"), {"no config file", "did you mean", "convoy_config_files/train.yaml?"});
}

TEST_F(ConfigFiles, AMissingFolderIsSaid) { expect_says(error_of_file("nowhere/train.yaml"), {"there is no folder"}); }

TEST_F(ConfigFiles, AFolderIsNoConfig) { expect_says(error_of_file("."), {"is a folder; a YAML file is wanted"}); }

TEST_F(ConfigFiles, AFolderWithoutYamlIsSaid) { expect_says(error_of_file("a.yaml"), {"no other YAML file"}); }

TEST_F(ConfigFiles, AnEmptyFileIsAMistake) {
  std::ofstream(folder_ / "train.yaml").close();
  expect_says(error_of_file("train.yaml"), {"holds no keys"});
}

}  // namespace
}  // namespace convoy
