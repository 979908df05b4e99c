#include "launcher/plan/modelled_step.h"

#include <algorithm>

namespace convoy {

ModelledStep modelled_step(ModelledStep step, size_t gradient_buckets) {
  for (const auto& [name, traffic] : step.parts) {
    if (name == "gradient bucket") {
      const double last = traffic.seconds / static_cast<double>(gradient_buckets);
      step.exposed_s += last + std::max(traffic.seconds - last - 2 * step.compute_s / 3, 0.0);
    } else if (name == "weights of bucket") {
      step.exposed_s += std::max(traffic.seconds - step.compute_s, 0.0);
    } else {
      step.exposed_s += traffic.seconds;
    }
  }
  return step;
}

}  // namespace convoy
