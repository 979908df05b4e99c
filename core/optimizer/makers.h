// The kinds of optimizers and their keys, as a config names them. Each is in a file of its name.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "core/config/kind.h"
#include "core/optimizer/optimizer.h"

namespace convoy {

using OptimizerMaker = Maker<Optimizer>;

struct AdamWMaker final : MakerOf<AdamWMaker, Optimizer> {
  double lr = 3.0e-3, beta1 = 0.9, beta2 = 0.95, eps = 1.0e-8, weight_decay = 0.1;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

struct AdamMaker final : MakerOf<AdamMaker, Optimizer> {
  double lr = 1.0e-3, beta1 = 0.9, beta2 = 0.999, eps = 1.0e-8, weight_decay = 0;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

struct SgdMaker final : MakerOf<SgdMaker, Optimizer> {
  double lr = 1.0e-3, momentum = 0, weight_decay = 0;
  bool nesterov = false;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

struct RmsPropMaker final : MakerOf<RmsPropMaker, Optimizer> {
  double lr = 1.0e-2, alpha = 0.99, eps = 1.0e-8, momentum = 0, weight_decay = 0;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

struct AdagradMaker final : MakerOf<AdagradMaker, Optimizer> {
  double lr = 1.0e-2, eps = 1.0e-10, weight_decay = 0;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

struct LionMaker final : MakerOf<LionMaker, Optimizer> {
  double lr = 1.0e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

enum class MuonIteration { f32, bf16 };
constexpr auto enum_names(MuonIteration) {
  return std::array{std::pair{std::string_view("f32"), MuonIteration::f32},
                    std::pair{std::string_view("bf16"), MuonIteration::bf16}};
}

// AdamW for what is no hidden matrix.
struct MuonRest {
  AutoReal lr;
  double beta1 = 0.9, beta2 = 0.95, eps = 1.0e-8, weight_decay = 0.1;
};
void describe(Keys& keys, MuonRest& rest);

struct MuonMaker final : MakerOf<MuonMaker, Optimizer> {
  double lr = 3.0e-3, momentum = 0.95, weight_decay = 0.1;
  bool nesterov = true;
  int64_t steps = 5;
  MuonIteration iteration = MuonIteration::f32;
  MuonRest adamw;
  void describe(Keys& keys) override;
  std::unique_ptr<Optimizer> make() const override;
};

// Keys that several kinds have.
void describe_lr(Keys& keys, double& lr);
void describe_eps(Keys& keys, double& eps, std::string_view meaning);
// Added to the gradient, as PyTorch's older optimizers do; decoupled from it, as AdamW's.
void describe_l2_decay(Keys& keys, double& weight_decay);
void describe_decoupled_decay(Keys& keys, double& weight_decay);

}  // namespace convoy
