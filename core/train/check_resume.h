// May training go on from a checkpoint?
#pragma once

#include <string_view>

#include "core/checkpoint/checkpoint.h"
#include "core/train/model_plan.h"

namespace convoy {

// Throws CheckpointError, naming what the checkpoint has and what is wanted, unless it is of this model, this grouping
// of its parameters and this optimizer.
void check_resume(const CheckpointReader& checkpoint, std::string_view optimizer, const ModelPlan& plan);

}  // namespace convoy
