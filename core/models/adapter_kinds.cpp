#include "core/models/adapter_kinds.h"

#include <cmath>

namespace convoy {
namespace {

struct NoAdapterMaker final : MakerOf<NoAdapterMaker, AdapterRule> {
  void describe(Keys&) override {}
  std::unique_ptr<AdapterRule> make() const override { return nullptr; }
};

constexpr AdapterKind kAdapters[] = {
    {"none", "all weights are trained", make_maker<NoAdapterMaker>},
    {"lora", "two narrow matrices beside each linear map, and only these are trained", make_maker<LoraMaker>},
};

}  // namespace

std::span<const AdapterKind> adapter_kinds() { return kAdapters; }

void LoraMaker::describe(Keys& keys) {
  keys(binding("rank"), rank, "numbers", "between the two matrices", Allowed::from(1, 65536));
  keys(binding("alpha"), alpha, "", "times what they add, over what scaling says", Allowed::from(0, kMostReal));
  keys("dropout", dropout, "", "probability with which they do not see an input", Allowed::from_to_below(0, 1));
  keys(binding("match"), match, "glob", "names of linear maps, such as *.q_proj, as the peer has them; *: of all",
       Allowed::text());
  keys(binding("scaling"), scaling, "", "standard: alpha / rank; rs: alpha / sqrt(rank)");
}

std::unique_ptr<AdapterRule> LoraMaker::make() const {
  const auto r = static_cast<double>(rank);
  return std::make_unique<AdapterRule>(
      AdapterRule{match, rank, alpha / (scaling == AdapterScaling::rs ? std::sqrt(r) : r), dropout});
}

}  // namespace convoy
