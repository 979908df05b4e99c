// The static plan of a graph: every action of a pass in order, and a place in one arena for every activation, gradient
// and scratch buffer, alive exactly as long as it is needed. Made from shapes alone; allocates nothing.
//
// Training: forward of every node, then in reverse order backward of every node. With recomputation, what a block
// computes forward is dropped after its last use and computed again just before its backward (Chen et al.,
// arXiv:1604.06174).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/device/memory_use.h"
#include "core/graph/graph.h"
#include "core/parameters/parameter_layout.h"
#include "core/parameters/sharding.h"
#include "core/plan/arena_layout.h"

namespace convoy {

// A tensor in a planned buffer; buffer -1: absent.
struct TensorRef {
  int buffer = -1;
  TensorSpec spec;
  size_t offset = 0;  // bytes into the buffer
};

enum class ActionKind : uint8_t {
  forward,
  recompute,
  backward,
  copy_gradient,  // input_gradients[1] to input_gradients[0]: the node's backward loses what it is given
  add_gradient,   // a value with several readers: input_gradients[1] is added to input_gradients[0]
  // Of sharded parameters (core/plan/sharded_weights.h); they belong to no node.
  gather_weights,   // a bucket's shards begin to come together
  await_weights,    // compute goes on once they have
  clear_gradients,  // a bucket's, before backward first adds to them
};

struct Action {
  ActionKind kind = ActionKind::forward;
  int node = -1;
  bool for_own_backward = false;  // a recompute whose outputs no other node reads
  std::vector<TensorRef> inputs, outputs, saved, output_gradients, input_gradients;
  std::vector<StateSpec> states;  // of the node
  // Parameters of the node that lie in the arena, one per parameter; empty where storage has them.
  std::vector<TensorRef> weights, weight_gradients;
  TensorRef scratch;
  int group = -1, bucket = -1;  // of the last three kinds
  TensorRef bucket_memory;      // one shard for every rank
  // After this action all gradients at or above this element of flat storage are final: of each group that is trained.
  std::vector<int64_t> final_from;
};

// A group of parameters as a plan sees it.
struct PlannedGroup {
  std::string name;  // empty: there is no other
  const ParameterLayout* layout = nullptr;
  const Sharding* sharding = nullptr;  // absent: all of its weights are there
  bool trained = true;                 // false: nobody wants its gradients
};

struct PlanOptions {
  Purpose purpose = Purpose::training;
  bool recompute_blocks = false;
  DType weights = DType::f32;  // the compute dtype
  size_t guard_bytes = 0;      // behind every buffer, for debug runs
  CallObserver observer = {};  // of every operator that the plan's actions call, in their order

  bool trains() const { return purpose == Purpose::training; }
};

struct Plan {
  PlanOptions options;
  std::vector<Action> actions;
  std::vector<PlannedBuffer> buffers;
  size_t arena_bytes = 0;
  std::vector<TensorRef> graph_inputs;  // in the order of the graph's inputs, by value id
  TensorRef result;
  std::map<std::string, TensorRef> outputs;  // the graph's, by name, of passes that do not train
  TensorRef weights;                         // of the losses; absent where the graph has none
  // Of each group that is trained, where its sharding keeps each bucket's gradients apart; otherwise empty.
  std::vector<std::vector<TensorRef>> gradient_buckets;
};

// The operators are asked for their scratch only. groups: those that are trained come first; all parameters of the
// graph are in one of them.
Plan make_plan(const Graph& graph, std::vector<PlannedGroup> groups, Ops& ops, const PlanOptions& options);
// All parameters in one group, not sharded.
Plan make_plan(const Graph& graph, const ParameterLayout& layout, Ops& ops, const PlanOptions& options);

// What the arena holds while the action runs for which it holds most.
std::vector<const PlannedBuffer*> buffers_when_fullest(const Plan& plan);
// The same by kind; what then lies unused between the buffers, and guards, as activations. The whole arena in sum.
MemoryUse memory_when_fullest(const Plan& plan);

}  // namespace convoy
