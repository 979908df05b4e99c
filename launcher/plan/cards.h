// GPUs that can be bought or rented, for planning without one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace convoy {

struct Card {
  std::string_view name;
  size_t gigabytes = 0;  // 10^9 bytes, as NVIDIA states them

  // What a rank can have of it: an estimate, on the safe side. Cards have a few percent more than is stated; driver,
  // CUDA's context and NCCL's buffers take some.
  size_t usable_bytes() const { return gigabytes * 1'000'000'000 - kKeptBack; }
  static constexpr size_t kKeptBack = 1'500'000'000;
};

std::span<const Card> cards();
// Throws UsageError, naming all, if there is none of that name.
const Card& find_card(const std::string& name);

}  // namespace convoy
