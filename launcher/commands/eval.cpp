#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "comm/make_communicator.h"
#include "core/base/byte_text.h"
#include "core/base/json_text.h"
#include "core/comm/fail_together.h"
#include "core/config/precision.h"
#include "core/metrics/matrix_json.h"
#include "core/train/evaluator.h"
#include "core/train/operator_choices.h"
#include "core/train/restore.h"
#include "datasets/split_advice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/split_name.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/open_data.h"
#include "launcher/progress/console.h"
#include "launcher/progress/matrix_text.h"
#include "launcher/report_errors.h"
#include "launcher/train/references.h"
#include "launcher/trained_model.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct EvalWords {
  std::string folder, split = "validation";
  std::vector<std::string> overrides;
  int64_t batches = 0;
  bool all = false, json = false, best = false;
};

// Throws where a loss says only that the model is of no use.
void check_finite(const EvaluationMetrics& result, Split split, const TrainedModel& trained) {
  if (std::isfinite(result.loss)) return;
  throw SharedError(
      ExitCode::bad_checkpoint,
      fmt::format(
          "step {}: the {} loss is not finite ({}): the model in {} has diverged; take an earlier checkpoint, or "
          "train again with a lower optimizer.lr",
          result.step, name_of(split), result.loss, trained.checkpoint->folder().string()));
}

// One line: numbers, for programs.
std::string json_of(const EvaluationMetrics& result, Split split, const Dataset& dataset) {
  const bool of_tokens = result.unit == kTokens;
  nlohmann::ordered_json json = {{"step", result.step}, {"split", name_of(split)}, {"loss", result.loss}};
  if (of_tokens) json["perplexity"] = std::exp(result.loss);
  for (const auto& [name, value] : result.metrics) json[name] = value;
  for (const auto& [name, matrix] : result.matrices) json[name] = matrix_json(matrix);
  json[of_tokens ? kTokens : kSamples] = result.tokens;
  json["data"] = dataset.identity();
  return json_text(json);
}

// A line, and tables, for people.
std::string text_of(const EvaluationMetrics& result, Split split, const Dataset& dataset, bool other_data) {
  const bool of_tokens = result.unit == kTokens;
  std::string loss = of_tokens
                         ? fmt::format("{:.6f} nats per token, perplexity {:.4f}", result.loss, std::exp(result.loss))
                         : fmt::format("{:.6g}", result.loss);
  for (const auto& [name, value] : result.metrics)
    if (name != "perplexity" || !of_tokens) loss += fmt::format(", {} {:.6g}", name, value);
  loss += fmt::format(", over {} {}", result.tokens, of_tokens ? kTokens : kSamples);
  std::string text =
      fmt::format("step {}: {} loss {} of {}{}", result.step, name_of(split), loss, readable(dataset.folder().string()),
                  other_data ? ", which is not the data that it was trained on" : "");
  for (const auto& [name, matrix] : result.matrices) text += "\n" + matrix_text(name, matrix);
  return text;
}

int evaluate(const EvalWords& words, TrainedModel& trained, Communicator& communicator) {
  const Config& config = trained.config;
  const Split split = split_named(words.split);
  const std::unique_ptr<Device> device = make_device(config, communicator);
  const OpenedData opened = open_data(config);
  const std::unique_ptr<Dataset>& dataset = opened.data;
  check_model_and_data(*trained.checkpoint, config, *dataset);
  resolve_model_by_data(trained.config, *dataset);
  require_evaluation_of_trained(*dataset, split, 1);
  Console console(STDERR_FILENO, isatty(STDERR_FILENO) != 0 ? find_terminal().columns : 0);
  References references({.config = config,
                         .pairs = opened.pairs,
                         .ranks = communicator,
                         .device = *device,
                         .checkpoint = trained.checkpoint.get(),
                         .folder = reference_folder(*trained.checkpoint),
                         .console = console});
  references.provide(std::array{split});
  const std::unique_ptr<Stream> stream = device->make_stream(StreamKind::compute);
  Graph graph = make_loss_graph(config);
  check_inputs(graph, *dataset);
  const EvaluationWishes wishes{named_metrics(config.evaluate.metrics), class_names(graph, *dataset)};
  Model model(*device, *stream, std::move(graph), {.dtype = compute_dtype(config.precision), .training = false});
  settle_operators(device->ops(), *stream, communicator, false, operator_choices_of(trained.checkpoint.get()));
  restore_weights(trained.weights(), *device, *stream, model);
  Evaluator evaluator({.device = *device,
                       .communicator = communicator,
                       .compute = *stream,
                       .model = model,
                       .source = *dataset,
                       .micro_batch = config.batch.micro,
                       .wishes = wishes});
  EvaluationMetrics result = evaluator.run(trained.checkpoint->position().step, {split, words.batches});
  result.unit = counted_unit(config);
  check_finite(result, split, trained);
  const std::string& trained_on = trained.checkpoint->position().data;
  const bool other_data = !trained_on.empty() && trained_on != dataset->identity();
  if (communicator.rank() == 0)
    std::fputs(
        ((words.json ? json_of(result, split, *dataset) : text_of(result, split, *dataset, other_data)) + "\n").c_str(),
        stdout);
  return 0;
}

int run_eval(const EvalWords& words) {
  split_named(words.split);
  if (words.all && words.batches > 0) throw UsageError("--all and --batches: give one of them; the default is all");
  TrainedModel trained =
      open_trained_model(words.folder, words.overrides, words.best ? CheckpointOfRun::best : CheckpointOfRun::newest);
  const auto communicator = make_communicator({.timeout_s = static_cast<double>(trained.config.parallel.timeout_s)});
  return report_errors(*communicator, [&] { return evaluate(words, trained, *communicator); });
}

}  // namespace

void add_eval_command(CommandLine& line) {
  auto words = std::make_shared<EvalWords>();
  Command command = line.command("eval", "Loss of a trained model on a split of its data");
  command.positional("RUN", words->folder, "run folder or checkpoint folder");
  command.positional("OVERRIDES", words->overrides,
                     "change keys of the run's config, for example data.path=data/other");
  command.option("--split", words->split, "train, validation or test");
  command.option("--batches", words->batches, "micro-batches, spread evenly over the split; 0: all of it",
                 Allowed::from(0, 1e9));
  command.flag("--all", words->all, "the whole split, as without --batches");
  command.flag("--best", words->best, "the best checkpoint of the run (evaluate.watch), not the newest");
  command.flag("--json", words->json, "one object instead of a sentence");
  command.run([words] { return run_eval(*words); });
}

}  // namespace convoy
