#include "launcher/plan/cards.h"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/usage_error.h"

namespace convoy {

std::span<const Card> cards() {
  static constexpr Card kCards[] = {{"a10-24g", 24},    {"a100-40g", 40}, {"a100-80g", 80},    {"b200-180g", 180},
                                    {"gh200-96g", 96},  {"h100-80g", 80}, {"h100-94g", 94},    {"h200-141g", 141},
                                    {"l4-24g", 24},     {"l40s-48g", 48}, {"rtx3090-24g", 24}, {"rtx4090-24g", 24},
                                    {"rtx5090-32g", 32}};
  return kCards;
}

const Card& find_card(const std::string& name) {
  const auto found = std::ranges::find(cards(), name, &Card::name);
  if (found != cards().end()) return *found;
  std::string names;
  for (const Card& card : cards()) names += (names.empty() ? "" : ", ") + std::string(card.name);
  throw UsageError(fmt::format("--card {}: unknown; there are {}", name, names));
}

}  // namespace convoy
