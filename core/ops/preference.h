// Direct preference optimisation, Rafailov et al., arXiv:2305.18290: of two answers to one prompt the chosen one shall
// gain more on a reference model than the rejected one.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// Rows 2b and 2b + 1 of what belongs to sequences are the chosen and the rejected answer of pair b.
//   log p[r]   = -sum over t of token_losses[r, t], added in f64, rounded to f32 as references are: where both are the
//                same model's the reward is 0
//   reward[r]  = beta (log p[r] - reference[r])
//   margin[b]  = reward[2b] - reward[2b + 1]
//   loss[b]    = -(1 - s) log sigmoid(margin[b]) - s log sigmoid(-margin[b]),   s = label_smoothing
//   slopes[r]  = scale * d loss / d (a token loss of row r)
// Smoothed as in Mitchell's conservative form (2023).
struct PreferenceLoss {
  Tensor losses;             // (B) f32, written
  Tensor slopes;             // (B, 2) f32, written
  Tensor rewards;            // (B, 2) f32, written
  Tensor log_probabilities;  // (B, 2) f32, written
  Tensor token_losses;       // (2B * T) f32, 0 where a target is ignored
  Tensor reference;          // (B, 2) f32: log-probabilities
  float beta = 0.1f, label_smoothing = 0, scale = 1;
};

// x[n, c] = x[n, c] * factors[(first_row + n) / rows_each]
struct ScaleRows {
  Tensor x;        // (N, C), f32 or bf16
  Tensor factors;  // f32
  int64_t first_row = 0, rows_each = 1;
};

}  // namespace convoy
