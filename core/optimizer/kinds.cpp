#include "core/optimizer/kinds.h"

#include "core/optimizer/makers.h"

namespace convoy {

namespace {

constexpr Kind<Optimizer> kOptimizers[] = {
    {"adamw", "Adam with decoupled weight decay", make_maker<AdamWMaker>},
    {"adam", "a step by the first moment over the root of the second", make_maker<AdamMaker>},
    {"sgd", "gradient descent, with or without momentum", make_maker<SgdMaker>},
    {"rmsprop", "the gradient over the root of its mean square", make_maker<RmsPropMaker>},
    {"adagrad", "the gradient over the root of the sum of its squares", make_maker<AdagradMaker>},
    {"lion", "the sign of the momentum", make_maker<LionMaker>},
    {"muon", "momentum made orthogonal, for hidden matrices, and adamw for the rest", make_maker<MuonMaker>},
};

}  // namespace

std::span<const Kind<Optimizer>> optimizer_kinds() { return kOptimizers; }

void describe_lr(Keys& keys, double& lr) {
  keys("lr", lr, "", "peak learning rate", Allowed::from(kLeastReal, kMostReal));
}

void describe_eps(Keys& keys, double& eps, std::string_view meaning) {
  keys("eps", eps, "", meaning, Allowed::from(kLeastReal, kMostReal));
}

void describe_l2_decay(Keys& keys, double& weight_decay) {
  keys("weight_decay", weight_decay, "", "of the weights, added to the gradient; not of biases and norms",
       Allowed::from(0, kMostReal));
}

void describe_decoupled_decay(Keys& keys, double& weight_decay) {
  keys("weight_decay", weight_decay, "", "decoupled; of matrices and embeddings, not of biases and norms",
       Allowed::from(0, kMostReal));
}

}  // namespace convoy
