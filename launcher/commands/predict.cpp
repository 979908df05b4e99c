#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "comm/local/local_communicator.h"
#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/config/precision.h"
#include "core/train/operator_choices.h"
#include "core/train/predictor.h"
#include "core/train/restore.h"
#include "datasets/grouped_number.h"
#include "launcher/commands/commands.h"
#include "launcher/device_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/predict/open_input.h"
#include "launcher/predict/output_file.h"
#include "launcher/predict/prediction_table.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

struct PredictWords {
  std::string folder, input, output;
  std::vector<std::string> overrides;
  int64_t batch = 0;
  bool best = false;
  PredictOptions options;
};

// What the outputs of a sample are, by the field that they were trained to be.
Predicted predicted_of(const std::vector<StoredField>& fields, const Graph& graph, int64_t outputs) {
  Predicted predicted{.outputs = outputs};
  const std::string name = target_field(graph);
  for (const StoredField& field : fields) {
    if (field.name != name) continue;
    predicted.classes = field.facts.classes;
    for (const Column& column : field.facts.columns) predicted.numbers.push_back(column.name);
  }
  return predicted;
}

std::vector<StoredField> fields_read(std::vector<StoredField> fields, const Graph& graph) {
  const std::vector<std::string> names = Predictor::fields_read(graph);
  std::erase_if(fields, [&](const StoredField& field) { return std::ranges::find(names, field.name) == names.end(); });
  return fields;
}

void tell_end(const PredictionInput& input, const std::string& output, int64_t rows) {
  for (const std::string& note : input.notes()) std::fputs(("note: " + readable(note) + "\n").c_str(), stderr);
  if (!output.empty()) std::fputs(fmt::format("{}: {} predictions\n", readable(output), grouped(rows)).c_str(), stderr);
}

int run_predict(PredictWords words) {
  TrainedModel trained =
      open_trained_model(words.folder, words.overrides, words.best ? CheckpointOfRun::best : CheckpointOfRun::newest);
  Config& config = trained.config;
  if (words.batch > 0) config.batch.micro = words.batch;
  const std::vector<StoredField> fields = resolve_model_by_checkpoint(config, *trained.checkpoint);
  Graph graph = make_loss_graph(config);
  const std::unique_ptr<PredictionInput> input =
      open_prediction_input(*trained.checkpoint, fields_read(fields, graph), words.input, words.options);
  const std::unique_ptr<Communicator> alone = make_local_communicator();
  const std::unique_ptr<Device> device = make_device(config, *alone);
  const std::unique_ptr<Stream> stream = device->make_stream(StreamKind::compute);
  Model model(*device, *stream, std::move(graph), {.dtype = compute_dtype(config.precision), .training = false});
  settle_operators(device->ops(), *stream, *alone, false, operator_choices_of(trained.checkpoint.get()));
  restore_weights(trained.weights(), *device, *stream, model);
  Predictor predictor({*device, *stream, model, *input, config.batch.micro});
  OutputFile output(words.output);
  PredictionTable table(*config.loss.kind, predicted_of(fields, model.graph(), predictor.outputs_per_sample()),
                        input->kept_columns(), [&](std::string_view text) { output.write(text); });
  int64_t rows = 0;
  predictor.run([&](std::span<const InputRow> of_batch, std::span<const float> outputs) {
    table.add(of_batch, outputs);
    rows += static_cast<int64_t>(of_batch.size());
  });
  table.finish();
  output.commit();
  tell_end(*input, words.output, rows);
  return 0;
}

}  // namespace

void add_predict_command(CommandLine& line) {
  auto words = std::make_shared<PredictWords>();
  TableInputOptions& table = words->options.table;
  Command command =
      line.command("predict", "Predictions of a trained model, a row for each row of a table, image or sample");
  command.positional("RUN", words->folder, "run folder or checkpoint folder");
  command.positional(
      "INPUT", words->input,
      "of what the model was trained on: a CSV file with the columns by name (/dev/stdin), an image or a "
      "folder of images, an HDF5 file");
  command.positional("OVERRIDES", words->overrides, "change keys of the run's config, for example device=cpu");
  command.option("--output", words->output, "a CSV file; none: standard output");
  command.flag("--best", words->best, "the best checkpoint of the run (evaluate.watch), not the newest");
  command.option("--keep", table.keep, "columns of a table to repeat in front of the predictions: A,B, or all");
  command.option("--unknown-category", table.unknown_category,
                 "a category that was not trained on: error, or missing, which takes it as a missing one");
  command.option("--batch", words->batch, "rows that are computed together; 0: batch.micro of the run",
                 Allowed::from(0, 1 << 20));
  command.option("--delimiter", table.delimiter, "between a table's cells: auto, comma, semicolon, tab or bar");
  command.option("--header", table.header, "is a table's first row one of names? auto, yes or no");
  command.option("--damaged", words->options.images.damaged,
                 "an image that cannot be decoded: error, or skip, which leaves it without a prediction");
  command.run([words] { return run_predict(*words); });
}

}  // namespace convoy
