#include "launcher/plan/cards.h"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/usage_error.h"

namespace convoy {
namespace {

constexpr double kHopper = 0.62, kBlackwell = 0.5;  // of the rate, with mma.sync

//                           name, brief, GB, bf16, f32, GB/s, SMs, GHz, lanes, link, product_share, mma_share
constexpr Card kCards[] = {{"a10-24g", "a10", 24, 125, 31.2, 600, 72, 1.695, 128, 25, 0.70, 1},
                           {"a100-40g", "", 40, 312, 19.5, 1555, 108, 1.41, 64, 300, 0.85, 1},
                           {"a100-80g", "a100", 80, 312, 19.5, 2039, 108, 1.41, 64, 300, 0.85, 1},
                           {"a100-80g-pcie", "", 80, 312, 19.5, 1935, 108, 1.41, 64, 25, 0.67, 1},
                           {"b200-180g", "b200", 180, 2250, 75, 7700, 148, 1.965, 128, 900, 0.68, kBlackwell},
                           {"gh200-96g", "gh200", 96, 989, 66.9, 4000, 132, 1.98, 128, 450, 0.70, kHopper},
                           {"h100-80g", "h100", 80, 989, 66.9, 3350, 132, 1.755, 128, 450, 0.66, kHopper},
                           {"h100-94g", "", 94, 835, 60, 3938, 132, 1.665, 128, 300, 0.66, kHopper},
                           {"h200-141g", "h200", 141, 989, 66.9, 4800, 132, 1.755, 128, 450, 0.66, kHopper},
                           {"l4-24g", "l4", 24, 121, 30.3, 300, 58, 2.04, 128, 25, 0.55, 1},
                           {"l40s-48g", "l40s", 48, 362, 91.6, 864, 142, 2.52, 128, 25, 0.65, 1},
                           {"rtx3090-24g", "3090", 24, 71, 35.6, 936, 82, 1.695, 128, 25, 0.90, 1},
                           {"rtx4090-24g", "4090", 24, 165, 82.6, 1008, 128, 2.52, 128, 25, 0.90, 1},
                           {"rtx5090-32g", "5090", 32, 209.5, 104.8, 1792, 170, 2.407, 128, 50, 0.90, 1}};

}  // namespace

std::span<const Card> cards() { return kCards; }

const Card& find_card(const std::string& name) {
  const auto found = std::ranges::find_if(
      cards(), [&](const Card& card) { return card.name == name || (!name.empty() && card.brief == name); });
  if (found != cards().end()) return *found;
  std::string names;
  for (const Card& card : cards()) names += (names.empty() ? "" : ", ") + std::string(card.name);
  throw UsageError(fmt::format("--card {}: unknown; there are {}", name, names));
}

}  // namespace convoy
