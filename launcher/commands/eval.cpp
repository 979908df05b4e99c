#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>

#include "comm/make_communicator.h"
#include "core/base/byte_text.h"
#include "core/comm/fail_together.h"
#include "core/config/precision.h"
#include "core/train/evaluator.h"
#include "core/train/snapshot.h"
#include "datasets/kinds.h"
#include "datasets/split_advice.h"
#include "launcher/commands/commands.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/report_errors.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

struct EvalWords {
  std::string folder;
  std::vector<std::string> overrides;
  bool all = false;
};

int evaluate(const EvalWords& words, TrainedModel& trained, Communicator& communicator) {
  const Config& config = trained.config;
  if (config.evaluate.batches == 0 && !words.all)
    throw ConfigError(
        "evaluate.batches = 0, as the run was trained, evaluates nothing; give evaluate.batches=20, or --all");
  const std::unique_ptr<Device> device = make_device(config, communicator);
  const std::unique_ptr<Dataset> dataset = open_dataset(config.data.path, dataset_needs(config));
  check_model_and_data(*trained.checkpoint, config, *dataset);
  resolve_model_by_data(trained.config, *dataset);
  require_evaluation_of_trained(*dataset, Split::validation, 1);
  const std::unique_ptr<Stream> stream = device->make_stream(StreamKind::compute);
  Model model(*device, *stream, make_loss_graph(config), {.dtype = compute_dtype(config.precision), .training = false});
  restore_weights(*trained.checkpoint, *device, *stream, model.parameters());
  const int64_t everything = dataset->samples(Split::validation) / config.batch.micro;
  Evaluator evaluator({*device, communicator, *stream, model, *dataset, config.batch.micro,
                       words.all ? everything : config.evaluate.batches});
  const EvaluationMetrics result = evaluator.run(trained.checkpoint->position().step);
  if (!std::isfinite(result.loss))
    throw SharedError(
        ExitCode::bad_checkpoint,
        fmt::format("step {}: the validation loss is not finite ({}): the model in {} has diverged; take an "
                    "earlier checkpoint, or train again with a lower optimizer.lr",
                    result.step, result.loss, trained.checkpoint->folder().string()));
  const std::string& trained_on = trained.checkpoint->position().data;
  const bool other_data = !trained_on.empty() && trained_on != dataset->identity();
  if (communicator.rank() == 0)
    std::fputs(
        fmt::format("step {}: validation loss {:.6f} nats per token, perplexity {:.4f}, over {} tokens of {}{}\n",
                    result.step, result.loss, std::exp(result.loss), result.tokens, readable(config.data.path),
                    other_data ? ", which is not the data that it was trained on" : "")
            .c_str(),
        stdout);
  return 0;
}

int run_eval(const EvalWords& words) {
  TrainedModel trained = open_trained_model(words.folder, words.overrides);
  const auto communicator = make_communicator({.timeout_s = static_cast<double>(trained.config.parallel.timeout_s)});
  return report_errors(*communicator, [&] { return evaluate(words, trained, *communicator); });
}

}  // namespace

void add_eval_command(CommandLine& line) {
  auto words = std::make_shared<EvalWords>();
  Command command = line.command("eval", "Validation loss of a trained model");
  command.positional("RUN", words->folder, "run folder or checkpoint folder");
  command.positional("OVERRIDES", words->overrides,
                     "change keys of the run's config, for example data.path=data/other");
  command.flag("--all", words->all, "the whole validation split instead of evaluate.batches");
  command.run([words] { return run_eval(*words); });
}

}  // namespace convoy
