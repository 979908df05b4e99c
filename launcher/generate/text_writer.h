// A trained model that writes text: its weights on a device, with its tokenizer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/generate/generator.h"
#include "core/tokenizer/tokenizer.h"
#include "datasets/chat/chat_format.h"
#include "datasets/tokenizers/tokenizer_settings.h"
#include "launcher/trained_model.h"

namespace convoy {

struct TextRequest {
  std::vector<int32_t> tokens;  // what is there already, at least one
  int64_t most = 500;           // tokens to write
  SamplingOptions sampling;
  std::vector<std::string> stops;   // texts before which it ends
  std::vector<int32_t> end_tokens;  // besides those that end every text of this model
};

// An answer's end becomes one of the request's.
void end_with(const ChatEnd& end, TextRequest& request);

struct WrittenText {
  std::vector<int32_t> tokens;  // what was drawn, an end token left out
  bool ended = false;           // by itself, not by the number of tokens
};

class TextWriter {
 public:
  // trained must outlive it. Throws ConfigError for a model that writes no sequences, CheckpointError for one without
  // a tokenizer that fits.
  explicit TextWriter(const TrainedModel& trained);
  ~TextWriter();

  // Text is told as it comes, whole characters at a time. The same text for the same request.
  WrittenText write(const TextRequest& request, const std::function<void(std::string_view)>& out);
  // `count` of them, side by side; on the CPU each is what write() gives. request(number) is asked for when there is
  // room for it, and they are told in the order in which they end.
  using Told = std::function<void(size_t number, const WrittenText& written, const std::string& text)>;
  void write_all(size_t count, const std::function<TextRequest(size_t number)>& request, const Told& told);

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const TokenizerSettings& settings() const { return settings_; }
  int64_t context() const { return context_; }

 private:
  struct Machine;
  class Writing;

  std::unique_ptr<Tokenizer> tokenizer_;
  TokenizerSettings settings_;
  int64_t context_;
  std::vector<bool> drawable_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace convoy
