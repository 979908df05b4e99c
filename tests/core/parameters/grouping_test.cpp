#include "core/parameters/grouping.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/layers/batch_norm.h"
#include "core/layers/linear.h"
#include "core/layers/normalize.h"
#include "core/models/gpt2.h"
#include "core/parameters/hidden_matrices.h"
#include "core/parameters/parameter_layout.h"

namespace convoy {
namespace {

Graph graph() {
  return gpt2_loss_graph({.layers = 2, .heads = 2, .channels = 32, .context = 16, .vocabulary = 50}, 4, 16);
}

std::string refusal(const std::vector<GroupRule>& rules) {
  try {
    Grouping(graph(), rules);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Grouping, WithoutRulesAllIsInOneGroup) {
  for (const Grouping& grouping : {Grouping(), Grouping(graph(), {})}) {
    ASSERT_EQ(grouping.groups().size(), 1u);
    EXPECT_EQ(grouping.groups()[0].name, "");
    EXPECT_EQ(grouping.group_of("transformer.wte.weight"), 0);
    EXPECT_FALSE(grouping.freezes());
  }
}

TEST(Grouping, TheFirstRuleThatMatchesWins) {
  const std::vector<GroupRule> rules{{.match = "transformer.wpe.*", .freeze = true},
                                     {.match = "*.h.0.*", .name = "first block", .lr_scale = 0.5},
                                     {.match = "*.bias", .weight_decay = {0.0}}};
  const Grouping grouping(graph(), rules);
  ASSERT_EQ(grouping.groups().size(), 3u);
  EXPECT_EQ(grouping.groups()[0].name, "first block");
  EXPECT_EQ(grouping.groups()[0].lr_scale, 0.5);
  EXPECT_EQ(grouping.groups()[0].weight_decay, std::nullopt);
  EXPECT_EQ(grouping.groups()[1].name, "*.bias");
  EXPECT_EQ(grouping.groups()[1].weight_decay, 0);
  EXPECT_EQ(grouping.groups()[2].name, "rest");
  EXPECT_TRUE(grouping.freezes());
  EXPECT_EQ(grouping.group_of("transformer.wpe.weight"), Grouping::kFrozen);
  EXPECT_EQ(grouping.group_of("transformer.h.0.ln_1.bias"), 0);
  EXPECT_EQ(grouping.group_of("transformer.h.1.ln_1.bias"), 1);
  EXPECT_EQ(grouping.group_of("transformer.h.1.ln_1.weight"), 2);
}

TEST(Grouping, HiddenMatricesAreApartWhereTheyShallBe) {
  const Grouping grouping(graph(), {}, {.matrices_apart = true});
  ASSERT_EQ(grouping.groups().size(), 2u);
  EXPECT_EQ(grouping.groups()[0].name, "rest");
  EXPECT_FALSE(grouping.groups()[0].matrices);
  EXPECT_EQ(grouping.groups()[1].name, "matrices");
  EXPECT_TRUE(grouping.groups()[1].matrices);
  for (const char* rest : {"transformer.wte.weight", "transformer.wpe.weight", "transformer.h.0.ln_1.weight",
                           "transformer.h.1.mlp.c_fc.bias"})
    EXPECT_EQ(grouping.group_of(rest), 0) << rest;
  for (const char* matrix : {"transformer.h.0.attn.c_attn.weight", "transformer.h.1.mlp.c_proj.weight"})
    EXPECT_EQ(grouping.group_of(matrix), 1) << matrix;
  const std::vector<GroupRule> rules{{.match = "*.h.0.*", .name = "slow", .lr_scale = 0.5},
                                     {.match = "*c_fc.weight", .weight_decay = {0.0}}};
  const Grouping ruled(graph(), rules, {.matrices_apart = true});
  ASSERT_EQ(ruled.groups().size(), 5u);
  EXPECT_EQ(ruled.groups()[3].name, "slow matrices");
  EXPECT_EQ(ruled.groups()[3].lr_scale, 0.5);
  EXPECT_EQ(ruled.groups()[4].name, "rest matrices");
  EXPECT_TRUE(ruled.groups()[1].matrices);
  EXPECT_EQ(ruled.group_of("transformer.h.0.mlp.c_fc.weight"), 3);
  EXPECT_EQ(ruled.group_of("transformer.h.1.mlp.c_fc.weight"), 1);
  EXPECT_EQ(ruled.group_of("transformer.h.1.mlp.c_fc.bias"), 2);
}

TEST(Grouping, LearningRatesFallFromTheHeadToTheEmbeddings) {
  const std::vector<GroupRule> rules{{.match = "*.bias", .lr_scale = 2}, {.match = "*ln_f*", .freeze = true}};
  const Grouping grouping(graph(), rules, {.layer_decay = 0.5});
  const auto scale_of = [&](const std::string& name) {
    return grouping.groups()[static_cast<size_t>(grouping.group_of(name))].lr_scale;
  };
  EXPECT_EQ(scale_of("transformer.wte.weight"), 0.125);  // the head's too, but first of all an embedding
  EXPECT_EQ(scale_of("transformer.wpe.weight"), 0.125);
  EXPECT_EQ(scale_of("transformer.h.0.mlp.c_fc.weight"), 0.25);
  EXPECT_EQ(scale_of("transformer.h.1.mlp.c_fc.weight"), 0.5);
  EXPECT_EQ(scale_of("transformer.h.1.mlp.c_fc.bias"), 1);
  EXPECT_EQ(grouping.group_of("transformer.ln_f.weight"), Grouping::kFrozen);
  EXPECT_EQ(grouping.groups().size(), 6u);
  EXPECT_EQ(grouping.groups()[static_cast<size_t>(grouping.group_of("transformer.wte.weight"))].name, "rest depth 0");
}

// Of a list the last layer is the head.
TEST(Grouping, AHeadIsNoHiddenMatrix) {
  Graph graph;
  ValueId x = graph.add_input("x", {DType::f32, {4, 8}});
  for (const char* name : {"first", "second"})
    x = graph.add(name, std::make_unique<Linear>(LinearOptions{name, 8, 8, 0.1f}), {x})[0];
  EXPECT_EQ(hidden_matrices(graph), std::set<std::string>{"first.weight"});
}

TEST(Grouping, RefusesRulesThatDoNotFit) {
  EXPECT_EQ(refusal({{.match = "*.bais"}})
                .find("optimizer.groups.0.match = *.bais matches no parameter of the model; "
                      "near names are transformer.h.0.ln_1.bias"),
            0u);
  EXPECT_NE(refusal({{.match = "*.h.*"}, {.match = "*.h.1.*"}}).find("only parameters that an earlier rule has"),
            std::string::npos);
  EXPECT_NE(refusal({{.match = "*", .freeze = true}}).find("freezes every parameter"), std::string::npos);
  EXPECT_NE(refusal({{.match = "*.h.0.*", .name = "a"}, {.match = "*.h.1.*", .name = "a"}}).find("are named \"a\""),
            std::string::npos);
  EXPECT_NE(refusal({{.match = "*.h.0.*", .name = "rest"}}).find("the name of what no rule matches"),
            std::string::npos);
}

TEST(Grouping, LayoutsOfGroupsHoldTheirOwnParametersAlone) {
  const Graph model = graph();
  const std::vector<GroupRule> rules{{.match = "*.bias"}};
  const Grouping grouping(model, rules);
  const ParameterLayout all(model, 2);
  size_t found = 0;
  for (const int group : {0, 1}) {
    const ParameterLayout layout(model, 2, [&](const auto& spec) { return grouping.group_of(spec.name) == group; });
    found += layout.parameters().size();
    for (int node = 0; node < static_cast<int>(model.nodes().size()); ++node) {
      const auto& specs = model.nodes()[static_cast<size_t>(node)].plan.parameters;
      ASSERT_EQ(layout.of_node(node).size(), specs.size());
      for (size_t i = 0; i < specs.size(); ++i) {
        const int p = layout.of_node(node)[i];
        EXPECT_EQ(p != ParameterLayout::kElsewhere, specs[i].name.ends_with(".bias") == (group == 0));
        if (p != ParameterLayout::kElsewhere) {
          EXPECT_EQ(layout.parameters()[static_cast<size_t>(p)].spec.name, specs[i].name);
        }
      }
    }
  }
  EXPECT_EQ(found, all.parameters().size());
}

// A weight, a batch norm, whose averages are statistics, and constants.
Graph graph_with_statistics() {
  Graph graph;
  ValueId x = graph.add_input("x", {DType::f32, {4, 3}});
  const NormalizeOptions constants{"constants", DType::f32, Initialisation::ones(), Initialisation::ones()};
  x = graph.add("constants", std::make_unique<Normalize>(constants), {x})[0];
  x = graph.add("top", std::make_unique<Linear>(LinearOptions{"top", 3, 3}), {x})[0];
  graph.add("norm", std::make_unique<BatchNorm>(BatchNormOptions{.name = "norm"}), {x});
  return graph;
}

std::string refusal_with_statistics(const std::vector<GroupRule>& rules) {
  try {
    Grouping(graph_with_statistics(), rules);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Grouping, StatisticsAreAGroupAndConstantsAreFrozen) {
  const Grouping alone(graph_with_statistics(), {});
  ASSERT_EQ(alone.groups().size(), 2u);
  EXPECT_EQ(alone.groups()[0].name, "");
  EXPECT_EQ(alone.groups()[1].name, "statistics");
  EXPECT_EQ(alone.groups()[1].role, ParameterRole::statistic);
  EXPECT_EQ(alone.group_of("norm.weight"), 0);
  EXPECT_EQ(alone.group_of("norm.running_var"), 1);
  EXPECT_EQ(alone.group_of("constants.mean"), Grouping::kFrozen);
}

TEST(Grouping, RulesCanOnlyFreezeStatistics) {
  const std::vector<GroupRule> slow{{.match = "norm.*", .name = "slow", .lr_scale = 0.1},
                                    {.match = "*", .freeze = true}};
  const Grouping first(graph_with_statistics(), slow);
  ASSERT_EQ(first.groups().size(), 2u) << "the first rule that matches wins, also for statistics";
  EXPECT_EQ(first.group_of("norm.bias"), 0);
  EXPECT_EQ(first.group_of("norm.running_mean"), 1);
  EXPECT_EQ(first.group_of("top.weight"), Grouping::kFrozen);
  const std::vector<GroupRule> frozen{{.match = "norm.*", .freeze = true}};
  const Grouping second(graph_with_statistics(), frozen);
  EXPECT_EQ(second.groups().size(), 1u);
  EXPECT_EQ(second.group_of("norm.running_mean"), Grouping::kFrozen);
  EXPECT_NE(refusal_with_statistics({{.match = "*.running_*"}}).find("matches only statistics"), std::string::npos);
  EXPECT_EQ(refusal_with_statistics({{.match = "*.running_*", .freeze = true}}), "nothing");
  EXPECT_NE(refusal_with_statistics({{.match = "constants.*", .freeze = true}}).find("matches no parameter"),
            std::string::npos);
  EXPECT_NE(refusal_with_statistics({{.match = "top.*", .name = "statistics"}}).find("two groups are named"),
            std::string::npos);
  EXPECT_NE(refusal_with_statistics({{.match = "*", .freeze = true}}).find("freezes every parameter"),
            std::string::npos);
}

}  // namespace
}  // namespace convoy
