// All optimizers that a config can name.
#pragma once

#include <span>

#include "core/config/kind.h"
#include "core/optimizer/optimizer.h"

namespace convoy {

std::span<const Kind<Optimizer>> optimizer_kinds();

}  // namespace convoy
