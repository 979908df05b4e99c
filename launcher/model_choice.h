// From the config to graphs.
#pragma once

#include "core/config/config.h"
#include "core/graph/graph.h"

namespace convoy {

// The family must be settled by now.
Graph make_loss_graph(const Config& config);

}  // namespace convoy
