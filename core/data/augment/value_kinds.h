// Augmentations that change the numbers of a sample, and not where they are.
#pragma once

#include "core/data/augment/augmentation.h"

namespace convoy {

// Brightness, contrast and saturation, each by a factor from 1 - key to 1 + key, in this order: x b; the mean
// brightness of the picture + c (x - it); each pixel's grey + s (x - it). Grey is 0.299 red + 0.587 green + 0.114 blue.
struct ColorJitter final : Augmentation {
  double brightness = 0.2, contrast = 0.2, saturation = 0.2;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<ColorJitter>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

// Adds normal noise to real numbers: of a table, so many standard deviations of each column.
struct Noise final : Augmentation {
  double deviation = 0.1;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Noise>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

// Mixes every field of real numbers or bytes with that of another sample, l x + (1 - l) other, l of Beta(alpha, alpha);
// a class stays with probability l, else it becomes the other's, so that the loss is in the mean the mixture of both.
// Zhang et al., arXiv:1710.09412.
struct Mixup final : Augmentation {
  double alpha = 0.2;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Mixup>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

}  // namespace convoy
