// How deep in a model a parameter lies, for learning rates that fall towards the input (Clark et al., ICLR 2020).
#pragma once

#include <map>
#include <string>

#include "core/graph/graph.h"

namespace convoy {

// By parameter. Of a model of blocks: 0 is what lies before the first, 1 the first block, and what lies behind the last
// one is deepest; of any other each layer with parameters is one deeper than that before it. A parameter of several
// layers is as deep as the first.
std::map<std::string, int> parameter_depths(const Graph& graph);

}  // namespace convoy
