// Records to tokens that know which of them count.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/chat/label_chat.h"
#include "datasets/jsonl/record.h"

namespace convoy {

// How records are written.
struct RecordForm {
  std::optional<ChatFormat> format;  // of conversations; absent: there is none, and why_not says why
  std::string why_not;
  bool chat_prompts = false;  // prompts and completions that are texts are questions and answers
  bool all_count = false;     // not answers alone, but all tokens
};

// For many records. Use from one thread.
class RecordEncoder {
 public:
  // Both live longer.
  RecordEncoder(const RecordForm& form, const Tokenizer& tokenizer);

  // One document, or of a preference the one with the chosen and the one with the rejected answer, of which the last
  // answer counts. A text, or a completion that is none of a conversation, ends with the tokenizer's end-of-text token.
  // Throws RecordError, also where the tokenizer cannot express a text.
  std::vector<MarkedTokens> encode(const Record& record);

 private:
  MarkedTokens text(const std::string& prompt, const std::string& answer);
  MarkedTokens conversation(const std::vector<ChatMessage>& messages, bool last_answer_only);
  void add(const std::string& text, bool counts, MarkedTokens& out);

  const RecordForm& form_;
  const Tokenizer& tokenizer_;
  std::unique_ptr<TextEncoder> encoder_;
  std::optional<ChatLabeller> labeller_;
  std::vector<int32_t> tokens_;
};

}  // namespace convoy
