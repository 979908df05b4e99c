// How fast a device does each kind of work: of a card, from its data sheet and what is assumed of kernels on it; or
// measured on the device of this machine.
#pragma once

#include <string>

#include "core/plan/operator_work.h"
#include "launcher/plan/cards.h"

namespace convoy {

struct CardRates {
  std::string name;
  bool measured = false;
  double bf16_flops = 0, f32_flops = 0;            // of large products, a second
  double peak_bf16_flops = 0, peak_f32_flops = 0;  // for model flop utilisation
  double bytes_per_s = 0;                          // of kernels that stream
  double kernel_s = 0;      // that a kernel takes besides: until it has begun, and until all are done
  int multiprocessors = 1;  // that share a product's tiles; 1: tiles are not counted
  // Of attention: its products by mma.sync, and scores through a softmax besides; where measured, scores in all.
  double mma_flops = 0, scores_forward = 0, scores_backward = 0;

  double flops(DType dtype) const { return dtype == DType::bf16 ? bf16_flops : f32_flops; }
  double peak_flops(DType dtype) const { return dtype == DType::bf16 ? peak_bf16_flops : peak_f32_flops; }
};

// tf32: f32 is multiplied so.
CardRates rates_of(const Card& card, bool tf32 = false);

// Seconds.
// bytes: read and written; written: of them, which a tile's end does after its products.
double product_time(const CardRates& rates, const ProductWork& product, double bytes, double written = 0);
double attention_time(const CardRates& rates, const AttentionWork& attention, double bytes);
double stream_time(const CardRates& rates, double bytes);

}  // namespace convoy
