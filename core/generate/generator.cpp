#include "core/generate/generator.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"
#include "core/device/recurring_work.h"

namespace convoy {

namespace {

constexpr int64_t kLeastKept = 256;
constexpr int64_t kMostRead = 512;  // tokens at once: activations of more take memory and no less time

}  // namespace

// Sequences of one length: T = 1 for every new token, and the few lengths with which prompts are read.
struct Generator::Decoder {
  Decoder(Generator& generator, int64_t length)
      : T(length), graph(generator.model_.make_graph(length, generator.kept_)), layout(graph, 1) {
    Device& device = generator.device_;
    Stream& stream = *generator.stream_;
    const ParameterStorage& parameters = generator.parameters_;
    Plan plan = make_plan(graph, layout, device.ops(), {.purpose = Purpose::generation, .weights = parameters.dtype()});
    if (generator.states_ == nullptr) generator.states_ = std::make_unique<States>(device, stream, plan);
    memory = device.allocate(plan.arena_bytes);
    const Tensor arena{memory.data(), DType::u8, {static_cast<int64_t>(memory.bytes())}};
    program = std::make_unique<Program>(graph, std::move(plan), parameters, arena, generator.states_.get());
    pass = std::make_unique<Pass>(Pass{.ops = device.ops(), .stream = stream, .rows_alike = true});
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

// Room doubles, so that what is known moves seldom.
void Generator::make_room(int64_t tokens) {
  if (tokens <= kept_) return;
  int64_t room = std::max(kept_, kLeastKept);
  while (room < tokens) room *= 2;
  kept_ = std::min(room, model_.context);
  decoders_.clear();
  const std::unique_ptr<States> old = std::move(states_);
  decoder(1);
  if (old != nullptr) states_->copy(*stream_, *old, static_cast<int64_t>(held_.size()));
  stream_->synchronize();
}

// The tokens follow those that the states know. In pieces of powers of two, so that few decoders serve any length.
void Generator::read(const int32_t* tokens, int64_t count) {
  make_room(static_cast<int64_t>(held_.size()) + count);
  while (count > 0) {
    const int64_t piece =
        std::min<int64_t>(kMostRead, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(count))));
    logits_of(decoder(piece), tokens, static_cast<int64_t>(held_.size()));
    held_.insert(held_.end(), tokens, tokens + piece);
    tokens += piece;
    tokens_read_ += piece;
    count -= piece;
  }
}

// The states shall know these tokens and no others. The last one is read in any case, for its logits.
void Generator::read(const std::vector<int32_t>& tokens) {
  const auto known = std::mismatch(held_.begin(), held_.end(), tokens.begin(), tokens.end() - 1).first;
  held_.erase(known, held_.end());
  const size_t first = held_.size();
  read(tokens.data() + first, static_cast<int64_t>(tokens.size() - first));
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
      read(&window.back(), 1);
    }
  }
  return generated;
}

}  // namespace convoy
