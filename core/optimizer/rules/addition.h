// What backward has measured is added: statistics (ParameterRole), which have no learning rate, decay or state.
//   w = w + g
// Where g is not finite w stays: a running average that once held an infinity would hold it for ever.
#pragma once

#include "core/optimizer/rules/number.h"

namespace convoy::rules {

struct Addition {
  static constexpr int kStates = 0;
  static constexpr int kNumbers = 0;

  template <class F>
  struct Update {
    F one;
    float full_decay = 0;

    constexpr Update(const Addition&, const float*, float) : one(spread(1.0f, F{})) {}

    constexpr F operator()(F w, F g, F, std::array<F, kStates>&) const {
      return select(g - g < one, w + g, w);  // the difference is 0, or NaN
    }
  };
};

}  // namespace convoy::rules
