// The layers of a model as a table for people: what each one gives, its parameters and the work of its forward pass.
#pragma once

#include <string>

#include "core/graph/graph.h"

namespace convoy {

// graph: of a micro-batch of one sample. Extents, parameters and FLOPs are those of a sample; a layer that reads
// something else than the one above it says what.
std::string model_table(const Graph& graph);

}  // namespace convoy
