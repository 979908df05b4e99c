// Writes several texts side by side: a pass over the weights, which is what a token costs, gives each of them its next
// one. Prompts are read one by one, as Generator does; a text that ends makes room for the next.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/generate/generator.h"

namespace convoy {

class BatchGenerator {
 public:
  struct Request {
    std::vector<int32_t> prompt;  // at least one token
    int64_t count = 0;            // tokens to write, at least one
    SamplingOptions sampling;
    std::function<bool(int32_t)> on_token;  // false: to stop
    std::function<void()> on_end;           // told last
  };

  // rows: texts at once. Weights are read from the parameters at every call, and do not change.
  BatchGenerator(Device& device, const ParameterStorage& parameters, GeneratorModel model, int64_t rows);
  ~BatchGenerator();

  // next: the request to begin with when there is room; nothing: that was all. Each text has the tokens that Generator
  // gives it alone, where products have the same bits for few rows and for one: on the CPU.
  void run(const std::function<std::optional<Request>()>& next);

 private:
  struct Row;

  void begin(int64_t row, Request request);
  void read_again(int64_t row);
  void advance(int64_t row, std::span<const float> logits);
  void step();
  void make_room(int64_t tokens);
  bool anything_to_write() const;

  Device& device_;
  const ParameterStorage& parameters_;
  GeneratorModel model_;
  std::unique_ptr<Stream> stream_;
  Generator reader_;
  int64_t kept_ = 0;  // tokens of each row for which there is room
  std::unique_ptr<States> states_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<std::unique_ptr<Row>> rows_;  // null: free
  std::vector<float> logits_;
};

}  // namespace convoy
