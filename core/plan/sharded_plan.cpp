#include "core/plan/sharded_plan.h"

#include <fmt/format.h>

#include <map>

namespace convoy {

namespace {

// Actions [first, last] between which a bucket's weights stay.
struct Visit {
  int bucket = 0;
  int first = 0, last = 0;
};

class ShardPlanner {
 public:
  ShardPlanner(Plan& plan, const Graph& graph, int number, const PlannedGroup& group)
      : plan_(plan),
        graph_(graph),
        group_(number),
        of_group_(group.name.empty() ? "" : " of group " + group.name),
        layout_(*group.layout),
        sharding_(*group.sharding),
        before_(plan.actions.size()) {}

  void plan() {
    if (sharding_.shards_weights()) plan_weights();
    if (sharding_.shards_gradients() && plan_.options.trains()) plan_gradients();
    insert();
  }

 private:
  int action_count() const { return static_cast<int>(plan_.actions.size()); }
  Action& action(int index) { return plan_.actions[static_cast<size_t>(index)]; }
  const Parameter& parameter(int p) const { return layout_.parameters()[static_cast<size_t>(p)]; }
  const Bucket& bucket(int b) const { return sharding_.buckets()[static_cast<size_t>(b)]; }

  // Is it one of this group's that lies in this bucket?
  bool is_in(int p, int b) const {
    return p != ParameterLayout::kElsewhere && sharding_.bucket_of(parameter(p).offset) == b;
  }
  bool reads_weights(const Action& action) const;
  std::vector<Visit> visits() const;
  void plan_weights();
  void bind_weights(const Visit& visit, const TensorRef& memory);
  void plan_gradients();
  int first_writer(int b) const;
  int final_action(int b) const;
  TensorRef new_buffer(std::string what, int b, BufferKind kind, int first, int last);
  TensorRef part(const TensorRef& memory, int b, int p) const;
  void insert();

  Plan& plan_;
  const Graph& graph_;
  const int group_;
  const std::string of_group_;
  const ParameterLayout& layout_;
  const Sharding& sharding_;
  std::vector<std::vector<Action>> before_;  // what comes before each of the plan's actions
};

bool ShardPlanner::reads_weights(const Action& action) const {
  if (action.kind == ActionKind::forward || action.kind == ActionKind::recompute) return true;
  return action.kind == ActionKind::backward &&
         graph_.nodes()[static_cast<size_t>(action.node)].plan.backward_reads.weights;
}

// In the order in which they begin.
std::vector<Visit> ShardPlanner::visits() const {
  std::vector<Visit> visits;
  std::map<int, size_t> latest;  // by bucket
  for (int a = 0; a < action_count(); ++a) {
    const Action& action = plan_.actions[static_cast<size_t>(a)];
    if (!reads_weights(action)) continue;
    for (const int p : layout_.of_node(action.node)) {
      if (p == ParameterLayout::kElsewhere) continue;
      const int b = sharding_.bucket_of(parameter(p).offset);
      const auto known = latest.find(b);
      const bool stays = known != latest.end() && visits.size() - known->second <= 2;
      if (stays) {
        visits[known->second].last = a;
      } else {
        latest[b] = visits.size();
        visits.push_back({b, a, a});
      }
    }
  }
  return visits;
}

void ShardPlanner::plan_weights() {
  int gather_at = 0;
  for (const Visit& visit : visits()) {
    const TensorRef memory = new_buffer(fmt::format("weights of bucket {}{}", visit.bucket, of_group_), visit.bucket,
                                        BufferKind::weights, gather_at, visit.last);
    const auto add = [&](int at, ActionKind kind) {
      before_[static_cast<size_t>(at)].push_back(
          {.kind = kind, .group = group_, .bucket = visit.bucket, .bucket_memory = memory});
    };
    add(gather_at, ActionKind::gather_weights);
    add(visit.first, ActionKind::await_weights);
    bind_weights(visit, memory);
    gather_at = visit.first;
  }
}

void ShardPlanner::bind_weights(const Visit& visit, const TensorRef& memory) {
  for (int a = visit.first; a <= visit.last; ++a) {
    if (!reads_weights(action(a))) continue;
    const std::vector<int>& parameters = layout_.of_node(action(a).node);
    action(a).weights.resize(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i)
      if (is_in(parameters[i], visit.bucket)) action(a).weights[i] = part(memory, visit.bucket, parameters[i]);
  }
}

void ShardPlanner::plan_gradients() {
  const int buckets = static_cast<int>(sharding_.buckets().size());
  std::vector<TensorRef>& buckets_memory = plan_.gradient_buckets[static_cast<size_t>(group_)];
  for (int b = 0; b < buckets; ++b) {
    const int first = first_writer(b), after = b + kReductionsUnderWay;
    const TensorRef memory =
        new_buffer(fmt::format("gradients of bucket {}{}", b, of_group_), b, BufferKind::weight_gradients, first,
                   after < buckets ? final_action(after) : action_count() - 1);
    before_[static_cast<size_t>(first)].push_back(
        {.kind = ActionKind::clear_gradients, .group = group_, .bucket = b, .bucket_memory = memory});
    buckets_memory.push_back(memory);
  }
  for (Action& action : plan_.actions) {
    if (action.kind != ActionKind::backward) continue;
    const std::vector<int>& parameters = layout_.of_node(action.node);
    action.weight_gradients.resize(parameters.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i] == ParameterLayout::kElsewhere) continue;
      const int b = sharding_.bucket_of(parameter(parameters[i]).offset);
      action.weight_gradients[i] = part(buckets_memory[static_cast<size_t>(b)], b, parameters[i]);
    }
  }
}

// The last action if none writes: the bucket's gradients are zero then.
int ShardPlanner::first_writer(int b) const {
  for (int a = 0; a < action_count(); ++a) {
    const Action& action = plan_.actions[static_cast<size_t>(a)];
    if (action.kind != ActionKind::backward) continue;
    for (const int p : layout_.of_node(action.node))
      if (is_in(p, b)) return a;
  }
  return action_count() - 1;
}

int ShardPlanner::final_action(int b) const {
  int a = 0;
  while (plan_.actions[static_cast<size_t>(a)].final_from[static_cast<size_t>(group_)] > bucket(b).begin) ++a;
  return a;
}

// Weights that lie in shards are learned (ModelPlan), so that all of them have the compute dtype.
TensorRef ShardPlanner::new_buffer(std::string what, int b, BufferKind kind, int first, int last) {
  const DType dtype = kind == BufferKind::weights ? plan_.options.weights : DType::f32;
  const TensorSpec spec{dtype, {bucket(b).shard * sharding_.ranks()}};
  plan_.buffers.push_back({std::move(what), spec.unbound().bytes(), first, last, 0, kind});
  return {static_cast<int>(plan_.buffers.size()) - 1, spec};
}

TensorRef ShardPlanner::part(const TensorRef& memory, int b, int p) const {
  const auto begin = static_cast<size_t>(parameter(p).offset - bucket(b).begin);
  return {memory.buffer, {memory.spec.dtype, parameter(p).spec.shape}, begin * size_of(memory.spec.dtype)};
}

// A buffer that is used first by an action may be filled by what comes before that action.
void ShardPlanner::insert() {
  std::vector<Action> actions;
  std::vector<int> first_place, place;  // of what comes before an action, and of the action
  for (size_t a = 0; a < plan_.actions.size(); ++a) {
    const std::vector<int64_t>& final_from = plan_.actions[a == 0 ? 0 : a - 1].final_from;
    first_place.push_back(static_cast<int>(actions.size()));
    for (Action& extra : before_[a]) {
      extra.final_from = final_from;
      actions.push_back(std::move(extra));
    }
    place.push_back(static_cast<int>(actions.size()));
    actions.push_back(plan_.actions[a]);
  }
  for (PlannedBuffer& buffer : plan_.buffers) {
    buffer.first = first_place[static_cast<size_t>(buffer.first)];
    buffer.last = place[static_cast<size_t>(buffer.last)];
  }
  plan_.actions = std::move(actions);
}

}  // namespace

void add_weight_gathers(Plan& plan, const Graph& graph, int number, const PlannedGroup& group) {
  if (group.sharding->cuts_between_groups()) ShardPlanner(plan, graph, number, group).plan();
}

}  // namespace convoy
