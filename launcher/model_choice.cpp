#include "launcher/model_choice.h"

#include <utility>

#include "core/config/precision.h"
#include "core/parameters/parameter_layout.h"

namespace convoy {
namespace {

Graph with_adapter(const Config& config, Graph graph) {
  if (const auto rule = config.model.adapter.rule()) graph.adapt(*rule);
  return graph;
}

}  // namespace

Graph make_loss_graph(const Config& config) {
  return with_adapter(
      config, config.model.family->loss_graph(
                  {.B = config.batch.micro, .dtype = compute_dtype(config.precision), .loss = *config.loss.kind}));
}

int64_t parameters_of(const Config& config) { return ParameterLayout(make_loss_graph(config), 1).elements(); }

std::optional<GeneratorModel> make_generator_model(const Config& config) {
  std::optional<GeneratorModel> model = config.model.family->generator(compute_dtype(config.precision));
  if (model)
    model->make_graph = [config, make = std::move(model->make_graph)](int64_t B, int64_t T, int64_t kept) {
      return with_adapter(config, make(B, T, kept));
    };
  return model;
}

}  // namespace convoy
