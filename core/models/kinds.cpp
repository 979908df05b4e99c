#include "core/models/kinds.h"

#include "core/models/gpt2_family.h"
#include "core/models/items/activation_items.h"
#include "core/models/items/batch_norm_item.h"
#include "core/models/items/linear_item.h"
#include "core/models/items/normalize_item.h"
#include "core/models/items/picture_items.h"
#include "core/models/items/shape_items.h"
#include "core/models/items/small_items.h"
#include "core/models/layers_family.h"
#include "core/models/llama_family.h"
#include "core/models/losses.h"

namespace convoy {

std::span<const FamilyKind> family_kinds() {
  static constexpr FamilyKind kFamilies[] = {
      {"gpt2", "transformer decoder, GPT-2", make_maker<Gpt2Family>},
      {"layers", "the layers of a list, one behind the other", make_maker<LayersFamily>},
      {"llama", "transformer decoder, Llama and its relatives: Mistral, Qwen, GLM", make_maker<LlamaFamily>},
  };
  return kFamilies;
}

std::span<const LossKind> loss_kinds() {
  static constexpr LossKind kLosses[] = {
      {"cross_entropy", "of classes, by softmax", make_maker<CrossEntropyLoss>},
      {"binary_cross_entropy", "of two classes, or of numbers from 0 to 1, by sigmoid",
       make_maker<BinaryCrossEntropyLoss>},
      {"dpo", "of preference pairs: direct preference optimisation", make_maker<DpoLoss>},
      {"huber", "squared error near the target, absolute error far from it", make_maker<HuberLoss>},
      {"mae", "mean absolute error of numbers", make_maker<MaeLoss>},
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
      {"relu", "max(x, 0)", make_maker<ActivationItem<Activation::relu>>},
      {"leaky_relu", "x, or less of it below zero", make_maker<ActivationItem<Activation::leaky_relu>>},
      {"sigmoid", "1 / (1 + e^-x)", make_maker<ActivationItem<Activation::sigmoid>>},
      {"tanh", "hyperbolic tangent", make_maker<ActivationItem<Activation::tanh>>},
      {"gelu", "x times the normal distribution of x", make_maker<ActivationItem<Activation::gelu>>},
      {"gelu_tanh", "nearly the same, by tanh, as in GPT-2", make_maker<ActivationItem<Activation::gelu_tanh>>},
      {"silu", "x / (1 + e^-x)", make_maker<ActivationItem<Activation::silu>>},
      {"softplus", "log(1 + e^x)", make_maker<ActivationItem<Activation::softplus>>},
      {"elu", "x, or alpha (e^x - 1) below zero", make_maker<ActivationItem<Activation::elu>>},
      {"softmax", "of the innermost extent; the loss cross_entropy has its own", make_maker<SoftmaxItem>},
      {"dropout", "elements are left out at random in training", make_maker<DropoutItem>},
      {"layer_norm", "mean 0 and deviation 1 of the innermost extent", make_maker<NormItem<NormKind::layer>>},
      {"rms_norm", "mean square 1 of the innermost extent", make_maker<NormItem<NormKind::rms>>},
      {"flatten", "all elements of a sample in a row", make_maker<FlattenItem>},
      {"reshape", "the elements of a sample in another shape", make_maker<ReshapeItem>},
      {"concat", "several values one behind the other", make_maker<ConcatItem>},
      {"add", "the sum of several values", make_maker<AddItem>},
      {"multiply", "the product of several values, or of one with a number for each channel", make_maker<MultiplyItem>},
      {"embedding", "a vector for each category", make_maker<EmbeddingItem>},
      {"image", "bytes of pictures as numbers", make_maker<ImageItem>},
      {"conv1d", "convolution of sequences", make_maker<ConvolutionItem<true>>},
      {"conv2d", "convolution of pictures", make_maker<ConvolutionItem<false>>},
      {"max_pool1d", "the largest of stretches of a sequence", make_maker<PoolItem<PoolKind::max, true>>},
      {"max_pool2d", "the largest of windows of a picture", make_maker<PoolItem<PoolKind::max, false>>},
      {"average_pool1d", "means of stretches of a sequence", make_maker<PoolItem<PoolKind::average, true>>},
      {"average_pool2d", "means of windows of a picture", make_maker<PoolItem<PoolKind::average, false>>},
      {"global_max_pool", "the largest of each channel", make_maker<GlobalPoolItem<PoolKind::max>>},
      {"global_average_pool", "the mean of each channel", make_maker<GlobalPoolItem<PoolKind::average>>},
  };
  return kLayers;
}

}  // namespace convoy
