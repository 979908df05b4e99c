// From the config to graphs.
#pragma once

#include <optional>

#include "core/config/config.h"
#include "core/generate/generator.h"
#include "core/graph/graph.h"

namespace convoy {

// The family must be settled by now.
Graph make_loss_graph(const Config& config);

// For families that write sequences.
std::optional<GeneratorModel> make_generator_model(const Config& config);

// How many elements all of its parameters have, without padding.
int64_t parameters_of(const Config& config);

}  // namespace convoy
