#include "core/generate/generator.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/device/recurring_work.h"

namespace convoy {

// Sequences of one length: T = 1 for every new token, and the few lengths with which prompts are read.
struct Generator::Decoder {
  Decoder(Generator& generator, int64_t length)
      : T(length), graph(generator.model_.make_graph(length)), layout(graph, 1) {
    Device& device = generator.device_;
    Stream& stream = *generator.stream_;
    const ParameterStorage& parameters = generator.parameters_;
    Plan plan = make_plan(graph, layout, device.ops(), {.purpose = Purpose::generation, .weights = parameters.dtype()});
    if (generator.states_ == nullptr) generator.states_ = std::make_unique<States>(device, stream, plan);
    memory = device.allocate(plan.arena_bytes);
    const Tensor arena{memory.data(), DType::u8, {static_cast<int64_t>(memory.bytes())}};
    program = std::make_unique<Program>(graph, std::move(plan), parameters, arena, generator.states_.get());
    pass = std::make_unique<Pass>(Pass{.ops = device.ops(), .stream = stream});
    pass->position = {generator.position_.data(), DType::i64, {1}};
    tokens_on_host = device.allocate(static_cast<size_t>(T) * sizeof(int32_t), MemoryKind::host);
    logits_on_host = device.allocate(program->result().bytes(), MemoryKind::host);
  }

  int64_t T;
  Graph graph;
  ParameterLayout layout;
  Memory memory, tokens_on_host, logits_on_host;
  std::unique_ptr<Program> program;
  std::unique_ptr<Pass> pass;
  RecurringWork work{[this] { program->run(*pass); }};
};

Generator::Generator(Device& device, const ParameterStorage& parameters, GeneratorModel model)
    : device_(device),
      parameters_(parameters),
      model_(std::move(model)),
      stream_(device.make_stream(StreamKind::compute)),
      position_(device.allocate(sizeof(int64_t))),
      position_on_host_(device.allocate(sizeof(int64_t), MemoryKind::host)) {}

Generator::~Generator() = default;

Generator::Decoder& Generator::decoder(int64_t T) {
  for (const auto& known : decoders_)
    if (known->T == T) return *known;
  decoders_.push_back(std::make_unique<Decoder>(*this, T));
  return *decoders_.back();
}

// The tokens stand at `position` and behind it; states hold what was before.
const std::vector<float>& Generator::logits_of(Decoder& decoder, const int32_t* tokens, int64_t position) {
  const Tensor input = decoder.program->input("tokens"), result = decoder.program->result();
  std::memcpy(decoder.tokens_on_host.data(), tokens, input.bytes());
  std::memcpy(position_on_host_.data(), &position, sizeof position);
  stream_->copy(input.data, decoder.tokens_on_host.data(), input.bytes());
  stream_->copy(position_.data(), position_on_host_.data(), sizeof position);
  decoder.work.run(device_, *stream_);
  stream_->copy(decoder.logits_on_host.data(), result.data, result.bytes());
  stream_->synchronize();
  logits_.resize(static_cast<size_t>(result.elements()));
  if (result.dtype == DType::f32) {
    std::memcpy(logits_.data(), decoder.logits_on_host.data(), result.bytes());
  } else {
    const auto* rounded = static_cast<const bf16*>(decoder.logits_on_host.data());
    std::transform(rounded, rounded + result.elements(), logits_.begin(),
                   [](bf16 value) { return static_cast<float>(value); });
  }
  return logits_;
}

// Fills the states with the tokens, from position 0, in pieces of powers of two so that few decoders serve any length.
const std::vector<float>& Generator::read(const std::vector<int32_t>& tokens) {
  const auto count = static_cast<int64_t>(tokens.size());
  int64_t done = 0;
  for (int64_t piece = int64_t{1} << 62; piece > 0; piece >>= 1)
    if ((count & piece) != 0) {
      logits_of(decoder(piece), tokens.data() + done, done);
      done += piece;
    }
  return logits_;
}

std::vector<int32_t> Generator::generate(const std::vector<int32_t>& prompt, int64_t count,
                                         const SamplingOptions& sampling,
                                         const std::function<bool(int32_t)>& on_token) {
  if (prompt.empty()) throw ConfigError("generation needs a prompt of at least one token");
  std::vector<int32_t> window = prompt, generated, all = prompt;  // window: what the states hold
  const auto keep = static_cast<size_t>(std::max<int64_t>(model_.context / 2, 1));
  if (static_cast<int64_t>(window.size()) > model_.context)
    window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(keep));
  Sampler sampler(sampling);
  read(window);
  for (int64_t position = 0; position < count; ++position) {
    const int32_t token = sampler.choose(logits_, position, all);
    generated.push_back(token);
    all.push_back(token);
    if ((on_token && !on_token(token)) || position + 1 == count) break;
    window.push_back(token);
    if (static_cast<int64_t>(window.size()) > model_.context) {
      window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(keep));
      read(window);
    } else {
      logits_of(decoder(1), &window.back(), static_cast<int64_t>(window.size()) - 1);
    }
  }
  return generated;
}

}  // namespace convoy
