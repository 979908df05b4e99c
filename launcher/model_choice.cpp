#include "launcher/model_choice.h"

#include "core/config/precision.h"

namespace convoy {

Graph make_loss_graph(const Config& config) {
  return config.model.family->loss_graph(
      {.B = config.batch.micro, .dtype = compute_dtype(config.precision), .loss = *config.loss.kind});
}

}  // namespace convoy
