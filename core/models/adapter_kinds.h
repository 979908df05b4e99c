// The kinds of adapters that a config can name: what is trained beside the weights of a model that stay as they are.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/kind.h"
#include "core/graph/adapter_rule.h"

namespace convoy {

using AdapterKind = Kind<AdapterRule>;
using AdapterChoice = Choice<AdapterRule>;  // what it makes is null of kind none

std::span<const AdapterKind> adapter_kinds();

enum class AdapterScaling { standard, rs };
constexpr auto enum_names(AdapterScaling) {
  return std::array{std::pair{std::string_view("standard"), AdapterScaling::standard},
                    std::pair{std::string_view("rs"), AdapterScaling::rs}};
}

struct LoraMaker final : MakerOf<LoraMaker, AdapterRule> {
  int64_t rank = 8;
  double alpha = 16, dropout = 0;
  std::string match = "*";
  AdapterScaling scaling = AdapterScaling::standard;

  void describe(Keys& keys) override;
  std::unique_ptr<AdapterRule> make() const override;
};

}  // namespace convoy
