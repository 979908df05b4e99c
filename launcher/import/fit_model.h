// A source's tensors as the parameters of the family that its config.json says.
#pragma once

#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "launcher/import/model_source.h"

namespace convoy {

struct FittedModel {
  std::vector<SourceTensor> tensors;  // under the names that the family stores them by
  std::vector<std::string> notes;     // what was left out, and why that is right
  bool as_they_are = true;            // every tensor, under its own name
};

// graph: of the family. Throws CheckpointError: a tensor that is missing, of another shape, or part of no such model.
FittedModel fit_model(const ModelSource& source, const Graph& graph);

}  // namespace convoy
