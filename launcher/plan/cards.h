// GPUs that can be bought or rented, for planning without one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor/dtype.h"

namespace convoy {

// Rates are NVIDIA's, of the data sheets: dense, sums in f32.
struct Card {
  std::string_view name, brief;  // brief: "h100", of the usual one of several with other memory; may be empty
  size_t gigabytes = 0;          // 10^9 bytes, as NVIDIA states them
  double bf16_tflops = 0, f32_tflops = 0;
  double gigabytes_per_s = 0;  // of its memory
  int multiprocessors = 0;
  double gigahertz = 0;              // boost clock
  int lanes = 128;                   // f32 operations of a multiprocessor in a clock
  double link_gigabytes_per_s = 25;  // to the node's other cards, in one direction: NVLink or PCIe
  // Of bf16_tflops, what large products keep up: assumed, see docs/time_model.md.
  double product_share = 0.8;
  // Of bf16_tflops, what mma.sync can reach: Hopper's and Blackwell's whole rate takes wgmma or tcgen05.
  double mma_share = 1;

  // What a rank can have of it: an estimate, on the safe side. Cards have a few percent more than is stated; driver,
  // CUDA's context and NCCL's buffers take some.
  size_t usable_bytes() const { return gigabytes * 1'000'000'000 - kKeptBack; }
  static constexpr size_t kKeptBack = 1'500'000'000;
};

std::span<const Card> cards();
// By name or brief name. Throws UsageError, naming all, if there is none of that name.
const Card& find_card(const std::string& name);

}  // namespace convoy
