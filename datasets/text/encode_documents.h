// Documents to tokens, as many at a time as there are threads; told in the order of the documents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

class DocumentEncoders {
 public:
  // Reads document i and gives it to the encoder, from any thread; what it throws ends the whole.
  using Encode = std::function<void(size_t i, TextEncoder& encoder, std::vector<int32_t>& tokens)>;
  using Take = std::function<void(size_t i, const std::vector<int32_t>& tokens)>;

  // tokenizer must outlive it.
  DocumentEncoders(const Tokenizer& tokenizer, int threads);

  // Documents [begin, end), all of whose tokens are held at once; take is called from this thread. Rethrows what the
  // first document that failed has thrown, after those before it were taken.
  void run(size_t begin, size_t end, const Encode& encode, const Take& take);
  // For a document that is too long to be held, one after the other.
  TextEncoder& first() { return *encoders_.front(); }

 private:
  std::vector<std::unique_ptr<TextEncoder>> encoders_;  // by thread: each remembers words
};

}  // namespace convoy
