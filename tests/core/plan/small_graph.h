// A GPT-2 of some thousand parameters, for tests of plans and programs.
#pragma once

#include "core/models/gpt2.h"

namespace convoy {

// 4 sequences of 16 tokens.
inline Graph small_graph() {
  return gpt2_loss_graph({.layers = 3, .heads = 2, .channels = 32, .context = 16, .vocabulary = 50}, 4, 16);
}

}  // namespace convoy
