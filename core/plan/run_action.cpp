#include "core/plan/run_action.h"

#include "core/ops/reductions.h"
#include "core/plan/sharded_weights.h"

namespace convoy {

void run_action(Pass& pass, const BoundAction& action, ShardedWeights* sharded) {
  pass.scratch = Scratch(action.scratch);
  pass.recompute = action.for_own_backward;
  switch (action.kind) {
    case ActionKind::forward:
    case ActionKind::recompute:
      action.layer->forward(pass, action.tensors);
      break;
    case ActionKind::backward:
      action.layer->backward(pass, action.tensors);
      break;
    case ActionKind::copy_gradient:
      pass.copy(action.tensors.input_gradients[0], action.tensors.input_gradients[1]);
      break;
    case ActionKind::add_gradient:
      pass.run(Add{action.tensors.input_gradients[0], action.tensors.input_gradients[1]});
      break;
    case ActionKind::clear_gradients:
      pass.stream.zero(action.bucket_memory.data, action.bucket_memory.bytes());
      break;
    case ActionKind::gather_weights:
      sharded->gather(action.group, action.bucket, action.bucket_memory);
      break;
    case ActionKind::await_weights:
      sharded->await(action.group, action.bucket);
      break;
  }
}

}  // namespace convoy
