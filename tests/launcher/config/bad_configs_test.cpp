// Mistakes that people make with lists, kinds, groups and overrides: each is told once, with its place, what was found
// and what to write instead.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "launcher/config/load_config.h"

namespace convoy {
namespace {

struct BadConfig {
  const char* yaml;
  const char* word;  // of the command line; "": none
  const char* says;
};

class BadConfigs : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigs, AreToldOnceAndInWords) {
  const BadConfig& bad = GetParam();
  std::vector<std::string> words;
  if (*bad.word != '\0') words.emplace_back(bad.word);
  try {
    parse_config(bad.yaml, "train.yaml", words);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find(bad.says), std::string::npos) << said;
    EXPECT_EQ(said.find("mistakes in the configuration"), std::string::npos) << said;
  }
}

constexpr const char* kLayers = "model: {family: layers, layers: [{linear: {units: 4}}, {linear: {units: 1}}]}\n";
constexpr const char* kGroups = "optimizer: {groups: [{match: \"*.bias\"}, {match: \"*\"}]}\n";

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadConfigs,
    testing::Values(
        BadConfig{"optimizer: {name: adamW}", "",
                  "train.yaml:1:19: optimizer.name = adamW is unknown; there are adamw, "
                  "adam, sgd, rmsprop, adagrad, lion, muon; did you mean adamw?"},
        BadConfig{"optimizer: {name: sgd, beta1: 0.9}", "", "optimizer.beta1 is a key of name adamw"},
        BadConfig{"optimizer: {momentum: 0.9}", "",
                  "optimizer.momentum is a key of name sgd, rmsprop, muon, and optimizer.name "
                  "= adamw; remove it, or choose that kind"},
        BadConfig{"optimizer: {name: sgd, momentum: 2}", "", "optimizer.momentum = 2"},
        BadConfig{"optimizer: {name: sgd, nesterov: yes}", "",
                  "optimizer.nesterov = yes is not true or false; write true"},
        BadConfig{"optimizer: {name: lion, lr: fast}", "", "optimizer.lr = fast is no number"},
        BadConfig{"optimizer: adam", "", "optimizer = adam is one value where a group of keys is wanted"},
        BadConfig{"{}", "optimizer=adam", "command line: optimizer is a group of keys; set one of them"},
        BadConfig{"{}", "optimizer.name=adma", "optimizer.name = adma is unknown"},
        BadConfig{"schedule: {name: cosin}", "", "did you mean cosine?"},
        BadConfig{"schedule: {name: constant, final_ratio: 0.5}", "", "schedule.final_ratio is a key of name cosine"},
        BadConfig{"schedule: {name: step, every_steps: 0}", "", "schedule.every_steps = 0; at least 1 is wanted"},
        BadConfig{"loss: {name: mean_squared}", "",
                  "loss.name = mean_squared is unknown; there are cross_entropy, binary_cross_entropy"},
        BadConfig{"loss: mse", "", "loss = mse is one value where a group of keys is wanted"},
        BadConfig{"model: {family: gpt3}", "",
                  "model.family = gpt3 is unknown; there are gpt2, layers, llama; did you mean gpt2?"},
        BadConfig{"model: {family: layers, layers: [{linear: {units: 1}}], heads: 4}", "",
                  "model.heads is a key of family gpt2, llama, and model.family = layers"},
        BadConfig{"model: {layers: [{linear: {units: 1}}]}", "", "model.layers is a list; one value is wanted"}));

INSTANTIATE_TEST_SUITE_P(
    Lists, BadConfigs,
    testing::Values(
        BadConfig{"model: {family: layers}", "",
                  "model.layers is empty; list at least one, as in "
                  "model.layers=[{linear: {units: 1}}]"},
        BadConfig{"model: {family: layers, layers: 4}", "", "model.layers = 4 is one value where a list is wanted"},
        BadConfig{"model: {family: layers, layers: [{linaer: {units: 1}}]}", "",
                  "model.layers.0 = linaer is unknown; there are linear"},
        BadConfig{"model: {family: layers, layers: [{linear: {unit: 1}}]}", "",
                  "unknown key model.layers.0.linear.unit; did you mean model.layers.0.linear.units?"},
        BadConfig{"model: {family: layers, layers: [{linear: {units: 0}}]}", "",
                  "model.layers.0.linear.units = 0; at least 1 is wanted"},
        BadConfig{"model: {family: layers, layers: [{linear: {units: many}}]}", "",
                  "model.layers.0.linear.units = many is neither classes nor a whole number"},
        BadConfig{"model:\n  family: layers\n  layers:\n    - linear: {units: 1}\n      linear: {units: 2}\n", "",
                  "train.yaml:5:7: model.layers.0.linear stands here for the second time"},
        BadConfig{kLayers, "model.layers.2.linear.units=1", "model.layers is a list, whose items are 0 to 1"},
        BadConfig{kLayers, "model.layers.0.units=1", "model.layers.0 = units is unknown; there are linear"},
        BadConfig{kLayers, "model.layers.0.linear.units=-1", "model.layers.0.linear.units = -1; at least 1 is wanted"},
        BadConfig{
            "evaluate: {metrics: [acuracy]}", "",
            "evaluate.metrics.0 = acuracy is unknown; there are accuracy, auc, chosen_reward, confusion_matrix, f1, "
            "mae, "
            "perplexity, precision, r2, recall, rejected_reward, reward_margin, rmse, top_k; did you mean accuracy?"},
        BadConfig{"evaluate: {metrics: r2}", "", "evaluate.metrics = r2 is one value where a list is wanted"},
        BadConfig{"{}", "evaluate.metrics=[r2,", "evaluate.metrics = [r2, is one value where a list is wanted"},
        BadConfig{"evaluate: {metrics: [{f1: {average: median}}]}", "",
                  "evaluate.metrics.0.f1.average = median is unknown; there are auto, binary, macro"}));

INSTANTIATE_TEST_SUITE_P(
    Groups, BadConfigs,
    testing::Values(BadConfig{"optimizer: {groups: [{lr_scale: 0.5}]}", "", "optimizer.groups.0.match is empty"},
                    BadConfig{"optimizer: {groups: [{match: \"*\", lr_scale: -1}]}", "",
                              "optimizer.groups.0.lr_scale = -1; at least 0 is wanted"},
                    BadConfig{"optimizer: {groups: [{match: \"*\", freze: true}]}", "",
                              "unknown key optimizer.groups.0.freze; did you mean optimizer.groups.0.freeze?"},
                    BadConfig{"optimizer: {groups: [{match: \"*\", weight_decay: none}]}", "",
                              "optimizer.groups.0.weight_decay = none is neither auto nor a number"},
                    BadConfig{"optimizer: {groups: {match: \"*\"}}", "", "optimizer.groups is a list, which is empty"},
                    BadConfig{kGroups, "optimizer.groups.7.freeze=true",
                              "optimizer.groups is a list, whose items are 0 to 1"},
                    BadConfig{kGroups, "optimizer.groups.0.freeze=1",
                              "optimizer.groups.0.freeze = 1 is not true or false; write true"},
                    BadConfig{kGroups, "optimizer.groups.first.freeze=true",
                              "optimizer.groups.first: optimizer.groups is a list"}));

}  // namespace
}  // namespace convoy
