// Augmentations that change where things are in a picture.
#pragma once

#include "core/data/augment/augmentation.h"

namespace convoy {

// Mirrors it.
struct Flip final : Augmentation {
  double horizontal = 0.5, vertical = 0;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Flip>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

// A window of the picture's own size, anywhere in the picture with so many black pixels around it.
struct Crop final : Augmentation {
  int64_t padding = 4;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Crop>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

// Turns it about its middle, between pixels by bilinear interpolation; what was outside is black.
struct Rotate final : Augmentation {
  double degrees = 10;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Rotate>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

// Blackens a square whose middle lies anywhere in it. DeVries and Taylor, arXiv:1708.04552.
struct Cutout final : Augmentation {
  int64_t size = 8;
  std::unique_ptr<Augmentation> clone() const override { return std::make_unique<Cutout>(*this); }
  std::string complaint(const BatchField& of) const override;
  void apply(const AugmentedSample& sample, SampleRandom& random) const override;

 protected:
  void describe_own(Keys& keys) override;
};

}  // namespace convoy
