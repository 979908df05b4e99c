#include "core/generate/batch_generator.h"

#include <algorithm>
#include <span>

#include "core/base/error.h"

namespace convoy {

// A text in progress.
struct BatchGenerator::Row {
  explicit Row(Request r) : request(std::move(r)), window(request.prompt), all(window), sampler(request.sampling) {}

  Request request;
  std::vector<int32_t> window, all;  // window: what the states know, but for its last token while a text goes on
  Sampler sampler;
  int64_t written = 0;
};

BatchGenerator::BatchGenerator(Device& device, const ParameterStorage& parameters, GeneratorModel model, int64_t rows)
    : device_(device),
      parameters_(parameters),
      model_(std::move(model)),
      stream_(device.make_stream(StreamKind::compute)),
      reader_(device, parameters, model_),
      rows_(static_cast<size_t>(rows)) {}

BatchGenerator::~BatchGenerator() = default;

void BatchGenerator::run(const std::function<std::optional<Request>()>& next) {
  for (bool more = true;;) {
    for (size_t row = 0; row < rows_.size(); ++row)
      while (rows_[row] == nullptr && more) {
        std::optional<Request> request = next();
        if (request)
          begin(static_cast<int64_t>(row), std::move(*request));
        else
          more = false;
      }
    if (!anything_to_write()) return;
    step();
  }
}

bool BatchGenerator::anything_to_write() const {
  return std::ranges::any_of(rows_, [](const auto& row) { return row != nullptr; });
}

void BatchGenerator::begin(int64_t row, Request request) {
  if (request.prompt.empty()) throw ConfigError("generation needs a prompt of at least one token");
  rows_[static_cast<size_t>(row)] = std::make_unique<Row>(std::move(request));
  forget_older_half(rows_[static_cast<size_t>(row)]->window, model_.context);
  read_again(row);
}

// Its whole window, after which the next token can be chosen.
void BatchGenerator::read_again(int64_t row) {
  const std::vector<int32_t>& window = rows_[static_cast<size_t>(row)]->window;
  const auto tokens = static_cast<int64_t>(window.size());
  reader_.read(window);
  make_room(tokens + 1);
  states_->copy_row(*stream_, row, reader_.states(), 0, tokens);
  stream_->synchronize();  // the reader goes on with another text
  advance(row, reader_.logits());
}

void BatchGenerator::advance(int64_t row, std::span<const float> logits) {
  Row& text = *rows_[static_cast<size_t>(row)];
  const int32_t token = text.sampler.choose(logits, text.written++, text.all);
  text.all.push_back(token);
  const bool goes_on = (!text.request.on_token || text.request.on_token(token)) && text.written < text.request.count;
  if (!goes_on) {
    const std::function<void()> on_end = std::move(text.request.on_end);
    rows_[static_cast<size_t>(row)].reset();
    if (on_end) on_end();
    return;
  }
  text.window.push_back(token);
  if (forget_older_half(text.window, model_.context)) read_again(row);
}

// Free rows compute what nobody reads, from the first token of their room on.
void BatchGenerator::step() {
  std::vector<int32_t> tokens(rows_.size(), 0);
  std::vector<int64_t> positions(rows_.size(), 0);
  int64_t longest = 1;
  for (size_t row = 0; row < rows_.size(); ++row)
    if (rows_[row] != nullptr) {
      tokens[row] = rows_[row]->window.back();
      positions[row] = std::ssize(rows_[row]->window) - 1;
      longest = std::max(longest, positions[row] + 1);
    }
  make_room(longest);
  decoder_->run(tokens.data(), positions, logits_);
  const size_t V = logits_.size() / rows_.size();
  for (size_t row = 0; row < rows_.size(); ++row)
    if (rows_[row] != nullptr) advance(static_cast<int64_t>(row), std::span(logits_).subspan(row * V, V));
}

void BatchGenerator::make_room(int64_t tokens) {
  tokens = std::min(tokens, model_.context);
  if (tokens <= kept_) return;
  const int64_t known = kept_;
  kept_ = larger_room(kept_, tokens, model_.context);
  decoder_.reset();
  const std::unique_ptr<States> old = std::move(states_);
  const auto B = static_cast<int64_t>(rows_.size());
  decoder_ = std::make_unique<Decoder>(device_, *stream_, parameters_, model_.make_graph(B, 1, kept_), states_);
  for (int64_t row = 0; row < B && old != nullptr; ++row) states_->copy_row(*stream_, row, *old, row, known);
  stream_->synchronize();
}

}  // namespace convoy
