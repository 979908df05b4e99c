#include "launcher/generate/text_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "comm/local/local_communicator.h"
#include "core/base/error.h"
#include "core/config/precision.h"
#include "core/train/snapshot.h"
#include "launcher/device_choice.h"
#include "launcher/generate/stop_texts.h"
#include "launcher/generate/text_stream.h"
#include "launcher/generate/token_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/model_files.h"

namespace convoy {
namespace {

GeneratorModel generator_model(const TrainedModel& trained) {
  if (auto model = make_generator_model(trained.config)) return *model;
  throw ConfigError(
      fmt::format("the model in {} is of the family {}, which writes no sequences; `trainer eval` evaluates it",
                  trained.checkpoint->folder().string(), trained.config.model.family.name()));
}

TokenizerSettings settings_of(const CheckpointReader& checkpoint) {
  std::map<std::string, std::string> files = tokenizer_companions(checkpoint);
  if (checkpoint.has_file("config.json")) files["config.json"] = checkpoint.file("config.json");
  return tokenizer_settings(files);
}

}  // namespace

struct TextWriter::Machine {
  Machine(const TrainedModel& trained, GeneratorModel model)
      : alone(make_local_communicator()),
        device(make_device(trained.config, *alone)),
        stream(device->make_stream(StreamKind::compute)),
        graph(model.make_graph(1, 1)),
        layout(graph, 1),
        weights(*device, *stream, layout, compute_dtype(trained.config.precision)),
        generator(*device, weights, std::move(model)) {
    restore_weights(trained.weights(), *device, *stream, weights);
  }

  std::unique_ptr<Communicator> alone;
  std::unique_ptr<Device> device;
  std::unique_ptr<Stream> stream;
  Graph graph;
  ParameterLayout layout;
  ParameterStorage weights;
  Generator generator;
};

TextWriter::TextWriter(const TrainedModel& trained) {
  GeneratorModel model = generator_model(trained);
  tokenizer_ = tokenizer_of(*trained.checkpoint);
  check_tokenizer(*trained.checkpoint, trained.config, *tokenizer_);
  settings_ = settings_of(*trained.checkpoint);
  context_ = model.context;
  drawable_ = drawable_tokens(*tokenizer_, trained.config.model.family->vocabulary());
  for (const int64_t token : settings_.eos_ids)
    if (token >= 0 && token < std::ssize(drawable_)) drawable_[static_cast<size_t>(token)] = true;
  machine_ = std::make_unique<Machine>(trained, std::move(model));
}

TextWriter::~TextWriter() = default;

void end_with(const ChatEnd& end, TextRequest& request) {
  if (end.token >= 0) request.end_tokens.push_back(end.token);
  if (!end.text.empty()) request.stops.push_back(end.text);
}

WrittenText TextWriter::write(const TextRequest& request, const std::function<void(std::string_view)>& out) {
  StopTexts stops(request.stops, out);
  TextStream stream(*tokenizer_, [&](std::string_view piece) { stops.add(piece); });
  const auto ends = [&](int32_t token) {
    return token == tokenizer_->end_of_text() || std::ranges::count(request.end_tokens, token) > 0 ||
           std::ranges::count(settings_.eos_ids, int64_t{token}) > 0;
  };
  SamplingOptions sampling = request.sampling;
  sampling.drawable = drawable_;
  for (const int32_t token : request.end_tokens) sampling.drawable.at(static_cast<size_t>(token)) = true;
  WrittenText written;
  machine_->generator.generate(request.tokens, request.most, sampling, [&](int32_t token) {
    if ((written.ended = ends(token))) return false;
    written.tokens.push_back(token);
    stream.add(token);
    return !(written.ended = stops.found());
  });
  if (!stops.found()) {
    stream.finish();
    stops.finish();
  }
  return written;
}

}  // namespace convoy
