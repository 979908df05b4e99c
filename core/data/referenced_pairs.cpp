#include "core/data/referenced_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/models/preference.h"

namespace convoy {

ReferencedPairs::ReferencedPairs(std::unique_ptr<Dataset> pairs) : pairs_(std::move(pairs)), fields_(pairs_->fields()) {
  fields_.push_back({kReferenceField, DType::f32, {2}});
}

void ReferencedPairs::set(Split split, std::vector<float> log_probabilities) {
  if (static_cast<int64_t>(log_probabilities.size()) != 2 * samples(split))
    throw InternalError(fmt::format("{} reference log-probabilities for {} pairs of the {} split",
                                    log_probabilities.size(), samples(split), name_of(split)));
  log_probabilities_[static_cast<size_t>(split)] = std::move(log_probabilities);
}

void ReferencedPairs::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  if (!has(split)) throw InternalError(fmt::format("the {} split is read before its references", name_of(split)));
  pairs_->read(split, first, count, out.first(out.size() - 1));
  auto* reference = out.back().as<float>();
  for (int64_t i = 0; i < count; ++i)
    std::copy_n(of(split).begin() + 2 * stored_sample(split, first + i), 2, reference + 2 * i);
}

}  // namespace convoy
