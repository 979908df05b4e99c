// All metrics that a config can name.
#pragma once

#include <span>

#include "core/metrics/metric.h"

namespace convoy {

std::span<const MetricKind> metric_kinds();

}  // namespace convoy
