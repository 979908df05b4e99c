// What is kept beside the states that an optimizer names itself.
#pragma once

namespace convoy {

inline constexpr const char* kMasterState = "master";  // the f32 weights of a bf16 run
inline constexpr const char* kAverageState = "ema";    // the moving average of the weights; begins as they do

}  // namespace convoy
