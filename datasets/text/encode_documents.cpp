#include "datasets/text/encode_documents.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace convoy {

DocumentEncoders::DocumentEncoders(const Tokenizer& tokenizer, int threads) {
  for (int i = 0; i < std::max(threads, 1); ++i) encoders_.push_back(tokenizer.make_encoder());
}

void DocumentEncoders::run(size_t begin, size_t end, const Encode& encode, const Take& take) {
  struct Document {
    std::vector<int32_t> tokens;
    std::exception_ptr error;
  };
  std::vector<Document> documents(end - begin);
  std::atomic<size_t> next = 0;
  const auto work = [&](TextEncoder& encoder) {
    for (size_t i; (i = next++) < documents.size();) try {
        encode(begin + i, encoder, documents[i].tokens);
      } catch (...) {
        documents[i].error = std::current_exception();
        next = documents.size();  // those before it have begun
      }
  };
  {
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min(encoders_.size(), documents.size()); ++i)
      helpers.emplace_back([&, i] { work(*encoders_[i]); });
    work(*encoders_.front());
  }
  for (size_t i = 0; i < documents.size(); ++i) {
    if (documents[i].error) std::rethrow_exception(documents[i].error);
    take(begin + i, documents[i].tokens);
    documents[i].tokens = {};
  }
}

}  // namespace convoy
