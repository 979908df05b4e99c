#include "core/generate/generator.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"

namespace convoy {

// Sequences of one length: T = 1 for every new token, and the few lengths with which prompts are read.
struct Generator::Decoder {
  Decoder(Device& device, Stream& stream, const ParameterStorage& parameters, Graph g, int64_t length,
          KeyValueCache* cache)
      : T(length), graph(std::move(g)), layout(graph, 1) {
    PlanOptions options{.training = false, .weights = parameters.dtype(), .cache = cache};
    Plan plan = make_plan(graph, layout, device.ops(), stream, options);
    memory = device.allocate(plan.arena_bytes);
    const Tensor arena{memory.data(), DType::u8, {static_cast<int64_t>(memory.bytes())}};
    program = std::make_unique<Program>(graph, std::move(plan), parameters, arena);
    tokens_on_host = device.allocate(static_cast<size_t>(T) * sizeof(int32_t), MemoryKind::host);
    logits_on_host = device.allocate(program->result().bytes(), MemoryKind::host);
  }

  int64_t T;
  Graph graph;
  ParameterLayout layout;
  Memory memory, tokens_on_host, logits_on_host;
  std::unique_ptr<Program> program;
};

Generator::Generator(Device& device, const ParameterStorage& parameters, GeneratorModel model)
    : device_(device),
      parameters_(parameters),
      model_(std::move(model)),
      stream_(device.make_stream(StreamKind::compute)),
      cache_(device, model_.layers, 1, model_.context, model_.channels, parameters.dtype()) {}

Generator::~Generator() = default;

Generator::Decoder& Generator::decoder(int64_t T) {
  for (const auto& known : decoders_)
    if (known->T == T) return *known;
  decoders_.push_back(std::make_unique<Decoder>(device_, *stream_, parameters_, model_.make_graph(T), T, &cache_));
  return *decoders_.back();
}

const std::vector<float>& Generator::logits_of(Decoder& decoder, const int32_t* tokens, int64_t first_position) {
  const Tensor input = decoder.program->input("tokens"), result = decoder.program->result();
  std::memcpy(decoder.tokens_on_host.data(), tokens, input.bytes());
  stream_->copy(input.data, decoder.tokens_on_host.data(), input.bytes());
  Pass pass{.ops = device_.ops(), .stream = *stream_};
  pass.cache = &cache_;
  pass.first_position = first_position;
  decoder.program->run(pass);
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

// Fills the cache with the tokens, from position 0, in pieces of powers of two so that few decoders serve any length.
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
  if (prompt.empty()) throw ConfigError("generation needs a prompt of at least one token; pass --prompt");
  std::vector<int32_t> window = prompt, generated;  // window: what the cache holds
  const auto keep = static_cast<size_t>(std::max<int64_t>(model_.context / 2, 1));
  if (static_cast<int64_t>(window.size()) > model_.context)
    window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(keep));
  Sampler sampler(sampling);
  read(window);
  for (int64_t position = 0; position < count; ++position) {
    const int32_t token = sampler.choose(logits_, position);
    generated.push_back(token);
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
