// An activation behind a value of a graph.
#pragma once

#include <string>

#include "core/graph/graph.h"
#include "core/ops/activation.h"

namespace convoy {

// name: of the node. Returns what comes out: x itself where there is none.
ValueId add_activation(Graph& graph, const std::string& name, ValueId x, Activation activation);

}  // namespace convoy
