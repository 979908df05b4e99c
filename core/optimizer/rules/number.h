// What rules compute with. Their text is written for a type F: float, as CUDA has it, or a vector of floats of the CPU,
// which has functions of the same names beside its type. Numbers are multiplied and added by fma() where both shall
// give the same bits: a compiler may join an operator* and an operator+ or not.
//
// Only templates and constants stand in rules: kernels include them for several instruction sets.
#pragma once

#include <array>
#include <cmath>

namespace convoy::rules {

using std::fma;
using std::sqrt;

// x in every lane of an F.
constexpr float spread(float x, float) { return x; }
constexpr float select(bool condition, float yes, float no) { return condition ? yes : no; }

// Is the gradient that a rule is given multiplied by the factor that clips? Unless the rule says otherwise.
template <class Rule>
constexpr bool clips() {
  if constexpr (requires { Rule::kClips; })
    return Rule::kClips;
  else
    return true;
}

}  // namespace convoy::rules
