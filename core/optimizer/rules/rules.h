// All rules that work element by element. Every device makes an operator OptimizerUpdate<Rule> of each: to add a rule,
// write its header like lion.h, put it into this list and make it an optimizer (core/optimizer/kinds.cpp).
#pragma once

#include "core/optimizer/rules/adagrad.h"
#include "core/optimizer/rules/adam.h"
#include "core/optimizer/rules/adamw.h"
#include "core/optimizer/rules/addition.h"
#include "core/optimizer/rules/lion.h"
#include "core/optimizer/rules/muon.h"
#include "core/optimizer/rules/rms_prop.h"
#include "core/optimizer/rules/sgd.h"
#include "core/optimizer/rules/stochastic_rounding.h"

namespace convoy {

template <class... Rules>
struct RuleList {};

using OptimizerRules =
    RuleList<rules::AdamW, rules::Adam, rules::Sgd, rules::SgdMomentum, rules::RmsProp, rules::RmsPropMomentum,
             rules::Adagrad, rules::Lion, rules::Addition, rules::MuonDirection, rules::MuonStep>;

}  // namespace convoy
