#include "launcher/generate/text_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "comm/local/local_communicator.h"
#include "core/base/error.h"
#include "core/config/precision.h"
#include "core/generate/batch_generator.h"
#include "core/train/restore.h"
#include "launcher/device_choice.h"
#include "launcher/generate/stop_texts.h"
#include "launcher/generate/text_stream.h"
#include "launcher/generate/token_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "launcher/model_files.h"

namespace convoy {
namespace {

constexpr size_t kTogether = 8;  // texts: each token reads all weights, whether of one text or of eight

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
  Machine(const TrainedModel& trained, GeneratorModel of)
      : alone(make_local_communicator()),
        device(make_device(trained.config, *alone)),
        stream(device->make_stream(StreamKind::compute)),
        graph(of.make_graph(1, 1, 1)),
        layout(graph, 1),
        weights(*device, *stream, layout, compute_dtype(trained.config.precision)),
        generator(*device, weights, of),
        model(std::move(of)) {
    restore_weights(trained.weights(), *device, *stream, weights);
  }

  std::unique_ptr<Communicator> alone;
  std::unique_ptr<Device> device;
  std::unique_ptr<Stream> stream;
  Graph graph;
  ParameterLayout layout;
  ParameterStorage weights;
  Generator generator;
  GeneratorModel model;
};

// One text as its tokens come.
class TextWriter::Writing {
 public:
  Writing(const TextWriter& writer, const TextRequest& request, std::function<void(std::string_view)> out)
      : writer_(writer),
        end_tokens_(request.end_tokens),
        sampling_(request.sampling),
        stops_(request.stops, std::move(out)),
        stream_(*writer.tokenizer_, [this](std::string_view piece) { stops_.add(piece); }) {
    sampling_.drawable = writer.drawable_;
    for (const int32_t token : end_tokens_) sampling_.drawable.at(static_cast<size_t>(token)) = true;
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

  const SamplingOptions& sampling() const { return sampling_; }

  // False: it ends here.
  bool add(int32_t token) {
    if ((written_.ended = ends(token))) return false;
    written_.tokens.push_back(token);
    stream_.add(token);
    return !(written_.ended = stops_.found());
  }

  const WrittenText& finish() {
    if (!stops_.found()) {
      stream_.finish();
      stops_.finish();
    }
    return written_;
  }

 private:
  bool ends(int32_t token) const {
    return token == writer_.tokenizer_->end_of_text() || std::ranges::count(end_tokens_, token) > 0 ||
           std::ranges::count(writer_.settings_.eos_ids, int64_t{token}) > 0;
  }

  const TextWriter& writer_;
  std::vector<int32_t> end_tokens_;
  SamplingOptions sampling_;
  StopTexts stops_;
  TextStream stream_;
  WrittenText written_;
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
  Writing writing(*this, request, out);
  machine_->generator.generate(request.tokens, request.most, writing.sampling(),
                               [&](int32_t token) { return writing.add(token); });
  return writing.finish();
}

void TextWriter::write_all(size_t count, const std::function<TextRequest(size_t)>& request, const Told& told) {
  BatchGenerator generator(*machine_->device, machine_->weights, machine_->model,
                           static_cast<int64_t>(std::clamp<size_t>(count, 1, kTogether)));
  size_t number = 0;
  generator.run([&]() -> std::optional<BatchGenerator::Request> {
    if (number == count) return std::nullopt;
    const TextRequest wanted = request(number);
    const auto text = std::make_shared<std::string>();
    const auto writing = std::make_shared<Writing>(*this, wanted, [text](std::string_view piece) { *text += piece; });
    return BatchGenerator::Request{.prompt = wanted.tokens,
                                   .count = wanted.most,
                                   .sampling = writing->sampling(),
                                   .on_token = [writing](int32_t token) { return writing->add(token); },
                                   .on_end = [=, &told, which = number++] { told(which, writing->finish(), *text); }};
  });
}

}  // namespace convoy
