#include "core/models/kinds.h"

#include "core/models/gpt2_family.h"
#include "core/models/items/batch_norm_item.h"
#include "core/models/items/linear_item.h"
#include "core/models/items/normalize_item.h"
#include "core/models/layers_family.h"
#include "core/models/losses.h"

namespace convoy {

std::span<const FamilyKind> family_kinds() {
  static constexpr FamilyKind kFamilies[] = {
      {"gpt2", "transformer decoder, GPT-2", make_maker<Gpt2Family>},
      {"layers", "the layers of a list, one behind the other", make_maker<LayersFamily>},
  };
  return kFamilies;
}

std::span<const LossKind> loss_kinds() {
  static constexpr LossKind kLosses[] = {
      {"cross_entropy", "of classes, by softmax", make_maker<CrossEntropyLoss>},
      {"mse", "mean squared error of numbers", make_maker<MseLoss>},
  };
  return kLosses;
}

std::span<const LayerItemKind> layer_item_kinds() {
  static constexpr LayerItemKind kLayers[] = {
      {"linear", "y = x W + b", make_maker<LinearItem>},
      {"batch_norm", "normalised by mean and variance of the micro-batch, by running averages when evaluated",
       make_maker<BatchNormItem>},
      {"normalize", "a field of the data less its mean, divided by its deviation in the training split",
       make_maker<NormalizeItem>},
  };
  return kLayers;
}

}  // namespace convoy
