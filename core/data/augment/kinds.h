// The augmentations that a config can name.
#pragma once

#include <span>

#include "core/data/augment/augmentation.h"

namespace convoy {

std::span<const AugmentationKind> augmentation_kinds();

}  // namespace convoy
