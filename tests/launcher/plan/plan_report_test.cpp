#include "launcher/plan/plan_report.h"

#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "launcher/config/load_config.h"

namespace convoy {
namespace {

Config config_of(std::vector<std::string> overrides) {
  overrides.insert(overrides.begin(), {"data.path=there-is-no-data", "model.vocabulary=50257", "device=cpu"});
  return override_config(Config(), overrides);
}

PlanReport report_of(const std::vector<std::string>& overrides, const PlanRequest& request) {
  const RunPlanner planner(config_of(overrides), request);
  return make_plan_report(planner, request, nullptr);
}

std::string refusal_of(const std::vector<std::string>& overrides, const PlanRequest& request) {
  try {
    report_of(overrides, request);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(PlanReport, AThousandRanksOfALargeModelTakeNoSecond) {
  const std::clock_t start = std::clock();
  const PlanReport report = report_of({"model.preset=gpt2-1558m", "precision=bf16", "batch.micro=2",
                                       "batch.global=2048", "parallel.stage=3", "parallel.shard_ranks=1024"},
                                      {.ranks = 1024, .ranks_per_node = 1024});
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1) << "seconds of processor time";
  EXPECT_EQ(report.parameters, 1557611200);
  // All ranks together keep weights, their f32 masters and two moments once, padded.
  const auto once = static_cast<double>(report.parameters) * 3 * 4 / 1024;
  EXPECT_GT(static_cast<double>(report.plan.memory.optimizer), once);
  EXPECT_LT(static_cast<double>(report.plan.memory.optimizer), 1.1 * once + 3.1e7);
}

TEST(PlanReport, EachAlternativeIsAPlanOfItsOwn) {
  const std::vector<std::string> base{"batch.micro=4", "batch.global=16", "parallel.stage=2"};
  const PlanRequest request{.ranks = 4, .ranks_per_node = 4};
  const PlanReport report = report_of(base, request);
  std::vector<std::string> changes;
  for (const Alternative& other : report.alternatives) {
    changes.push_back(other.change);
    std::vector<std::string> changed = base;
    changed.push_back(other.change);
    EXPECT_EQ(other.bytes, report_of(changed, request).plan.memory.on_device()) << other.change;
  }
  EXPECT_EQ(changes, (std::vector<std::string>{"parallel.stage=1", "parallel.stage=3", "train.recompute=block",
                                               "batch.micro=2"}));
}

TEST(PlanReport, JsonAddsUp) {
  const PlanReport report = report_of({}, {.ranks = 2, .ranks_per_node = 2});
  const nlohmann::json json = parse_json(plan_json(report));
  EXPECT_EQ(json.at("ranks"), 2);
  size_t sum = 0;
  for (const auto& [kind, bytes] : json.at("kinds").items())
    if (kind != "host") sum += bytes.get<size_t>();
  EXPECT_EQ(json.at("bytes"), sum);
  EXPECT_EQ(json.at("bytes"), report.plan.memory.on_device());
  EXPECT_EQ(json.at("tensors").size(), 10u);
  EXPECT_GT(json.at("flops"), 0);
  EXPECT_GT(json.at("sent_bytes"), 0);
  EXPECT_TRUE(json.at("machine").at("fits"));
  EXPECT_TRUE(json.at("card").is_null());
}

TEST(PlanReport, TellsWhatLeavesANode) {
  const auto traffic_of = [](const PlanRequest& request) {
    return parse_json(plan_json(report_of({"batch.global=64", "parallel.stage=0"}, request))).at("traffic");
  };
  EXPECT_TRUE(traffic_of({.ranks = 1, .ranks_per_node = 1}).empty());
  const nlohmann::json one_node = traffic_of({.ranks = 8, .ranks_per_node = 8});
  const nlohmann::json four_nodes = traffic_of({.ranks = 8, .ranks_per_node = 2});
  ASSERT_EQ(one_node.at(0).at("name"), "gradient bucket");
  EXPECT_EQ(one_node.at(0).at("off_node_bytes"), 0);
  EXPECT_EQ(one_node.at(0).at("bytes"), four_nodes.at(0).at("bytes"));
  EXPECT_GT(four_nodes.at(0).at("off_node_bytes"), 0);
  EXPECT_GT(four_nodes.at(0).at("modelled_ms"), one_node.at(0).at("modelled_ms"));
}

TEST(ModelledStep, HidesBucketsUnderTheBackwardPass) {
  ModelledStep step{.compute_s = 3};
  step.parts = {{"gradient bucket", {.seconds = 1}}, {"host", {.seconds = 0.25}}};
  EXPECT_DOUBLE_EQ(modelled_step(step, 10).exposed_s, 0.1 + 0.25);
  step.compute_s = 0;
  EXPECT_DOUBLE_EQ(modelled_step(step, 10).exposed_s, 1 + 0.25) << "nothing is computed to hide it";
}

TEST(PlanReport, TheTableFitsATerminal) {
  PlanReport report =
      report_of({"batch.global=64", "train.recompute=block", "parallel.stage=3", "parallel.shard_ranks=4"},
                {.ranks = 8, .ranks_per_node = 8});
  report.card = place_on(find_card("b200-180g"), size_t{199} << 30);
  const std::string text = plan_text(report);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 100u) << line;
    EXPECT_NE(line.back(), ' ') << line;
  }
  for (const char* part : {"8, stage 3 in groups of 4", "computed again",
                           "does not fit b200-180g: 199 GiB of 166 GiB (180 GB less", "activations"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(PlanReport, OnlyARunThatCouldStartIsPlanned) {
  EXPECT_EQ(refusal_of({"batch.global=32"}, {.ranks = 3, .ranks_per_node = 3}),
            "batch.global = 32 is not a multiple of batch.micro x ranks = 24; the next is 48");
  EXPECT_NE(
      refusal_of({"batch.global=48", "parallel.stage=3", "parallel.shard_ranks=4"}, {.ranks = 6, .ranks_per_node = 6})
          .find("parallel.shard_ranks = 4 does not divide 6 ranks"),
      std::string::npos);
  EXPECT_NE(refusal_of({"model.vocabulary=auto"}, {}).find("give model.vocabulary=N"), std::string::npos);
  EXPECT_NE(refusal_of({}, {.for_card = true}).find("device = cpu computes on no card"), std::string::npos);
}

TEST(Cards, AreNamedByWhatTheyHave) {
  for (const Card& card : cards()) {
    EXPECT_TRUE(card.name.find("-" + std::to_string(card.gigabytes) + "g") != std::string_view::npos) << card.name;
    EXPECT_EQ(find_card(std::string(card.name)).usable_bytes(), card.gigabytes * 1000000000 - 1500000000);
  }
  EXPECT_THROW(find_card("h101"), ConfigError);
}

}  // namespace
}  // namespace convoy
