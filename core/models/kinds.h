// The families, losses and layers that a config can name.
#pragma once

#include <span>

#include "core/models/family.h"
#include "core/models/layer_item.h"
#include "core/models/loss.h"

namespace convoy {

std::span<const FamilyKind> family_kinds();
std::span<const LossKind> loss_kinds();
std::span<const LayerItemKind> layer_item_kinds();

}  // namespace convoy
