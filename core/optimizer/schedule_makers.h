// The kinds of schedules and their keys, as a config names them.
#pragma once

#include <memory>

#include "core/config/kind.h"
#include "core/optimizer/schedule.h"

namespace convoy {

// A linear rise from 0 to the peak, and what comes behind it. warmup_steps counts in all of them.
struct ConstantMaker final : MakerOf<ConstantMaker, Schedule> {
  int64_t warmup_steps = 100;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

// Loshchilov and Hutter, arXiv:1608.03983, one period.
struct CosineMaker final : MakerOf<CosineMaker, Schedule> {
  int64_t warmup_steps = 100;
  double final_ratio = 0.1;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

struct LinearMaker final : MakerOf<LinearMaker, Schedule> {
  int64_t warmup_steps = 100;
  double final_ratio = 0.1;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

// PyTorch's StepLR.
struct StepMaker final : MakerOf<StepMaker, Schedule> {
  int64_t warmup_steps = 100, every_steps = 1000;
  double factor = 0.1;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

// Hu et al., arXiv:2404.06395, with the linear decay of Haegele et al., arXiv:2405.18392.
struct WarmupStableDecayMaker final : MakerOf<WarmupStableDecayMaker, Schedule> {
  int64_t warmup_steps = 100;
  Auto decay_steps;
  double final_ratio = 0.1;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

// Smith and Topin, arXiv:1708.07120, in PyTorch's form: OneCycleLR, two phases of cosines.
struct OneCycleMaker final : MakerOf<OneCycleMaker, Schedule> {
  double pct_start = 0.3, div_factor = 25, final_div_factor = 1e4;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

// PyTorch's ReduceLROnPlateau, of the evaluation loss.
struct PlateauMaker final : MakerOf<PlateauMaker, Schedule> {
  int64_t warmup_steps = 100, patience = 10;
  double factor = 0.1, threshold = 1e-4;
  void describe(Keys& keys) override;
  std::unique_ptr<Schedule> make() const override;
};

}  // namespace convoy
