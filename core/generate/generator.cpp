#include "core/generate/generator.h"

#include <algorithm>
#include <bit>

#include "core/base/error.h"

namespace convoy {

namespace {

constexpr int64_t kMostRead = 512;  // tokens at once: activations of more take memory and no less time

}  // namespace

bool forget_older_half(std::vector<int32_t>& window, int64_t context) {
  if (static_cast<int64_t>(window.size()) <= context) return false;
  window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(std::max<int64_t>(context / 2, 1)));
  return true;
}

Generator::Generator(Device& device, const ParameterStorage& parameters, GeneratorModel model)
    : device_(device),
      parameters_(parameters),
      model_(std::move(model)),
      stream_(device.make_stream(StreamKind::compute)) {}

Generator::~Generator() = default;

// T = 1 for every new token, and the few lengths with which prompts are read.
Decoder& Generator::decoder(int64_t T) {
  for (const auto& known : decoders_)
    if (known->tokens() == T) return *known;
  decoders_.push_back(
      std::make_unique<Decoder>(device_, *stream_, parameters_, model_.make_graph(1, T, kept_), states_));
  return *decoders_.back();
}

void Generator::make_room(int64_t tokens) {
  if (tokens <= kept_) return;
  kept_ = larger_room(kept_, tokens, model_.context);
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
    run(tokens, piece);
    tokens += piece;
    count -= piece;
  }
}

void Generator::run(const int32_t* tokens, int64_t count) {
  const auto position = static_cast<int64_t>(held_.size());
  decoder(count).run(tokens, {&position, 1}, logits_);
  held_.insert(held_.end(), tokens, tokens + count);
  tokens_read_ += count;
}

// Prompts have many lengths: the decoder of the one before gives its memory back.
void Generator::read_whole(const std::vector<int32_t>& prompt) {
  const auto count = std::ssize(prompt);
  held_.clear();
  make_room(count);
  std::erase_if(decoders_, [=](const auto& known) { return known->tokens() > 1 && known->tokens() != count; });
  run(prompt.data(), count);
}

// The last one is read in any case, for its logits.
void Generator::read(const std::vector<int32_t>& tokens) {
  if (model_.reads_prompts_whole) return read_whole(tokens);
  const auto known = std::mismatch(held_.begin(), held_.end(), tokens.begin(), tokens.end() - 1).first;
  held_.erase(known, held_.end());
  const size_t first = held_.size();
  read(tokens.data() + first, static_cast<int64_t>(tokens.size() - first));
}

const States& Generator::states() const {
  if (states_ == nullptr) throw InternalError("states are asked for before anything was read");
  return *states_;
}

std::vector<int32_t> Generator::generate(const std::vector<int32_t>& prompt, int64_t count,
                                         const SamplingOptions& sampling,
                                         const std::function<bool(int32_t)>& on_token) {
  if (prompt.empty()) throw ConfigError("generation needs a prompt of at least one token");
  std::vector<int32_t> window = prompt, generated, all = prompt;  // window: what the states hold
  forget_older_half(window, model_.context);
  Sampler sampler(sampling);
  read(window);
  for (int64_t position = 0; position < count; ++position) {
    const int32_t token = sampler.choose(logits_, position, all);
    generated.push_back(token);
    all.push_back(token);
    if ((on_token && !on_token(token)) || position + 1 == count) break;
    window.push_back(token);
    if (forget_older_half(window, model_.context))
      read(window);
    else
      read(&window.back(), 1);
  }
  return generated;
}

}  // namespace convoy
