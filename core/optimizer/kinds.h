// All optimizers that a config can name.
#pragma once

#include <span>

#include "core/config/config.h"
#include "core/config/kind.h"
#include "core/optimizer/optimizer.h"

namespace convoy {

std::span<const Kind<Optimizer>> optimizer_kinds();

// What a config of optimizer.name and AdamW's keys means.
Choice<Optimizer> chosen_optimizer(const OptimizerConfig& config);

}  // namespace convoy
