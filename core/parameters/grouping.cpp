#include "core/parameters/grouping.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/glob.h"

namespace convoy {

namespace {

constexpr size_t kNearest = 3;
constexpr const char* kRest = "rest";  // the group of what no rule matches

std::vector<std::string> parameter_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& spec : node.plan.parameters)
      if (std::ranges::count(names, spec.name) == 0) names.push_back(spec.name);
  return names;
}

std::string rule_text(size_t number, const GroupRule& rule) {
  return fmt::format("optimizer.groups.{}.match = {}", number, rule.match);
}

[[noreturn]] void refuse_idle(size_t number, const GroupRule& rule, const std::vector<std::string>& names) {
  const bool taken = std::ranges::any_of(names, [&](const auto& name) { return glob_matches(rule.match, name); });
  if (taken)
    throw ConfigError(fmt::format(
        "{} matches only parameters that an earlier rule has; the first match wins, so write it before that "
        "rule or leave it out",
        rule_text(number, rule)));
  throw ConfigError(fmt::format("{} matches no parameter of the model; near names are {}", rule_text(number, rule),
                                fmt::join(nearest_matches(rule.match, names, kNearest), ", ")));
}

}  // namespace

void describe(Keys& keys, GroupRule& rule) {
  keys(binding("match"), rule.match, "glob", "names of parameters, such as *.bias; the first rule that matches counts",
       Allowed::text());
  keys(binding("name"), rule.name, "", "of the group; none: what it matches");
  keys("lr_scale", rule.lr_scale, "", "times the learning rate", Allowed::from(0, kMostReal));
  keys("weight_decay", rule.weight_decay, "",
       "of all the group's weights; auto: the optimizer's, of matrices and embeddings alone",
       Allowed::from(0, kMostReal));
  keys(binding("freeze"), rule.freeze, "",
       "these weights stay as they are, and cost no gradient, no state of the optimizer and nothing to send");
}

std::string in_group(const std::string& name) { return name.empty() ? "" : " in group " + name; }

Grouping::Grouping(const Graph& graph, std::span<const GroupRule> rules) {
  std::vector<std::string> left = parameter_names(graph);
  const std::vector<std::string> names = left;
  for (size_t number = 0; number < rules.size(); ++number) {
    const GroupRule& rule = rules[number];
    const int group = rule.freeze ? kFrozen : static_cast<int>(groups_.size());
    const auto taken = std::erase_if(left, [&](const std::string& name) {
      const bool matches = glob_matches(rule.match, name);
      if (matches) group_of_[name] = group;
      return matches;
    });
    if (taken == 0) refuse_idle(number, rule, names);
    if (!rule.freeze)
      groups_.push_back({rule.name.empty() ? rule.match : rule.name, rule.lr_scale, rule.weight_decay.value});
  }
  for (const std::string& name : left) group_of_[name] = static_cast<int>(groups_.size());
  if (!left.empty()) groups_.push_back({rules.empty() ? "" : kRest, 1, std::nullopt});
  if (groups_.empty())
    throw ConfigError("optimizer.groups freezes every parameter; leave out a rule, or train nothing");
  for (size_t i = 0; i < groups_.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (groups_[i].name == groups_[j].name)
        throw ConfigError(fmt::format("optimizer.groups: two groups are named \"{}\"{}; give one of them another name",
                                      groups_[i].name,
                                      groups_[i].name == kRest ? ", which is the name of what no rule matches" : ""));
}

int Grouping::group_of(const std::string& parameter) const { return group_of_.empty() ? 0 : group_of_.at(parameter); }

bool Grouping::freezes() const {
  return std::ranges::any_of(group_of_, [](const auto& entry) { return entry.second == kFrozen; });
}

}  // namespace convoy
