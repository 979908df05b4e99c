#include "core/data/augment/kinds.h"

#include "core/data/augment/place_kinds.h"
#include "core/data/augment/value_kinds.h"

namespace convoy {

std::span<const AugmentationKind> augmentation_kinds() {
  static constexpr AugmentationKind kAugmentations[] = {
      {"flip", "pictures mirrored", make_maker<Flip>},
      {"crop", "pictures moved by a few pixels", make_maker<Crop>},
      {"rotate", "pictures turned", make_maker<Rotate>},
      {"color_jitter", "brightness, contrast and saturation of pictures", make_maker<ColorJitter>},
      {"cutout", "pictures with a black square", make_maker<Cutout>},
      {"mixup", "two samples mixed", make_maker<Mixup>},
      {"noise", "numbers with noise", make_maker<Noise>},
  };
  return kAugmentations;
}

}  // namespace convoy
