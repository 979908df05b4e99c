// From the config's model section to graphs.
#pragma once

#include <string>

#include "core/config/config.h"
#include "core/generate/generator.h"
#include "core/graph/graph.h"

namespace convoy {

// config.model.vocabulary must be a number by now.
Graph make_loss_graph(const Config& config);
GeneratorModel make_generator_model(const Config& config);

// config.json of the family in the Hugging Face layout. end_of_text: token, -1: none.
std::string huggingface_config(const Config& config, int32_t end_of_text);

}  // namespace convoy
