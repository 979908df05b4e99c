#include "core/parameters/grouping.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "core/base/error.h"
#include "core/base/glob.h"
#include "core/parameters/depths.h"
#include "core/parameters/hidden_matrices.h"

namespace convoy {

namespace {

constexpr size_t kNearest = 3;
constexpr const char* kRest = "rest";  // the group of what no rule matches

struct Named {
  std::string name;
  ParameterRole role = ParameterRole::learned;
};

// Of parameters that training changes.
std::vector<Named> changing_parameters(const Graph& graph) {
  std::vector<Named> all;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& spec : node.plan.parameters)
      if (!spec.is_fixed() && std::ranges::count(all, spec.name, &Named::name) == 0)
        all.push_back({spec.name, spec.role});
  return all;
}

std::vector<std::string> fixed_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& spec : node.plan.parameters)
      if (spec.is_fixed()) names.push_back(spec.name);
  return names;
}

std::string rule_text(size_t number, const GroupRule& rule) {
  return fmt::format("optimizer.groups.{}.match = {}", number, rule.match);
}

// It matches nothing that it could do something to.
[[noreturn]] void refuse_idle(size_t number, const GroupRule& rule, const std::vector<Named>& all, bool statistics) {
  std::vector<std::string> names;
  for (const Named& parameter : all) names.push_back(parameter.name);
  const bool taken = std::ranges::any_of(names, [&](const auto& name) { return glob_matches(rule.match, name); });
  if (statistics)
    throw ConfigError(
        fmt::format("{} matches only statistics, which do not learn: a rule can but freeze them; write "
                    "freeze: true, or match what learns",
                    rule_text(number, rule)));
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

Grouping::Grouping(const Graph& graph, std::span<const GroupRule> rules, const Parting& parting) {
  constexpr int kOfStatistics = -2;  // until the number of their group is known
  std::vector<Named> left = changing_parameters(graph);
  const std::vector<Named> all = left;
  for (size_t number = 0; number < rules.size(); ++number) {
    const GroupRule& rule = rules[number];
    size_t taken = 0, statistics = 0;
    std::erase_if(left, [&](const Named& parameter) {
      if (!glob_matches(rule.match, parameter.name)) return false;
      const bool learns = parameter.role == ParameterRole::learned;
      const int group = learns ? static_cast<int>(groups_.size()) : kOfStatistics;
      group_of_[parameter.name] = rule.freeze ? kFrozen : group;
      ++(learns || rule.freeze ? taken : statistics);
      return true;
    });
    if (taken == 0) refuse_idle(number, rule, all, statistics > 0);
    if (!rule.freeze)
      groups_.push_back({rule.name.empty() ? rule.match : rule.name, rule.lr_scale, rule.weight_decay.value});
  }
  const auto learns = [](const Named& parameter) { return parameter.role == ParameterRole::learned; };
  for (const Named& parameter : left)
    group_of_[parameter.name] = learns(parameter) ? static_cast<int>(groups_.size()) : kOfStatistics;
  if (std::ranges::any_of(left, learns)) groups_.push_back({rules.empty() ? "" : kRest, 1, std::nullopt});
  if (groups_.empty())
    throw ConfigError(rules.empty() ? "the model has no parameter that learns; add a layer that does, such as linear"
                                    : "optimizer.groups freezes every parameter; leave out a rule, or train nothing");
  if (parting.matrices_apart) part_matrices(graph);
  if (parting.layer_decay != 1) part_by_depth(graph, parting.layer_decay);
  add_statistics(kOfStatistics);
  for (const std::string& name : fixed_of(graph)) group_of_[name] = kFrozen;
  check_names();
}

void Grouping::part_matrices(const Graph& graph) {
  const std::set<std::string> matrices = hidden_matrices(graph);
  const size_t before = groups_.size();
  for (size_t g = 0; g < before; ++g) {
    const auto is_in = [&](const auto& entry) { return entry.second == static_cast<int>(g); };
    const auto is_matrix = [&](const auto& entry) { return is_in(entry) && matrices.contains(entry.first); };
    const auto all = std::ranges::count_if(group_of_, is_in), taken = std::ranges::count_if(group_of_, is_matrix);
    groups_[g].matrices = taken == all;
    if (taken == 0 || taken == all) continue;
    GroupTerms terms = groups_[g];
    terms.matrices = true;
    terms.name = terms.name.empty() ? kMatrices : terms.name + " " + kMatrices;
    if (groups_[g].name.empty()) groups_[g].name = kRest;
    for (auto& entry : group_of_)
      if (is_matrix(entry)) entry.second = static_cast<int>(groups_.size());
    groups_.push_back(std::move(terms));
  }
}

void Grouping::part_by_depth(const Graph& graph, double layer_decay) {
  const std::map<std::string, int> depths = parameter_depths(graph);
  const int deepest = std::ranges::max(std::views::values(depths));
  const size_t before = groups_.size();
  for (size_t g = 0; g < before; ++g) {
    const GroupTerms whole = groups_[g];
    std::map<int, int> group_at;  // by depth; the first keeps the whole's number
    for (auto& [name, group] : group_of_) {
      if (group != static_cast<int>(g)) continue;
      const int depth = depths.at(name), next = static_cast<int>(group_at.empty() ? g : groups_.size());
      const auto [at, is_new] = group_at.emplace(depth, next);
      if (is_new) {
        if (at->second != static_cast<int>(g)) groups_.push_back(whole);
        GroupTerms& terms = groups_[static_cast<size_t>(at->second)];
        terms.name = fmt::format("{}{}depth {}", whole.name, whole.name.empty() ? "" : " ", depth);
        terms.lr_scale = whole.lr_scale * std::pow(layer_decay, deepest - depth);
      }
      group = at->second;
    }
  }
}

// Those that no rule freezes.
void Grouping::add_statistics(int marked) {
  const int group = static_cast<int>(groups_.size());
  for (auto& [name, number] : group_of_) {
    if (number != marked) continue;
    number = group;
    if (groups_.size() == static_cast<size_t>(group))
      groups_.push_back({kStatistics, 1, std::nullopt, ParameterRole::statistic});
  }
}

void Grouping::check_names() const {
  const auto whose = [](const std::string& name) {
    return name == kRest         ? ", which is the name of what no rule matches"
           : name == kStatistics ? ", which is the name of the model's statistics"
                                 : "";
  };
  for (size_t i = 0; i < groups_.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (groups_[i].name == groups_[j].name)
        throw ConfigError(fmt::format("optimizer.groups: two groups are named \"{}\"{}; give one of them another name",
                                      groups_[i].name, whose(groups_[i].name)));
}

int Grouping::group_of(const std::string& parameter) const { return group_of_.empty() ? 0 : group_of_.at(parameter); }

bool Grouping::freezes() const {
  return std::ranges::any_of(group_of_, [](const auto& entry) { return entry.second == kFrozen; });
}

}  // namespace convoy
