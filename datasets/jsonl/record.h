// A line of JSON lines as what a language model is trained on.
//
//   {"text": TEXT}
//   {"messages": [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}, ...]}
//   {"prompt": TEXT, "completion": TEXT}
//   {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT}      prompt, chosen and rejected may be messages too
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/chat/chat_format.h"
#include "datasets/tokenizers/normalizer.h"

namespace convoy {

// Names of columns.
struct RecordColumns {
  std::string text = "text", messages = "messages", role = "role", content = "content", prompt = "prompt",
              completion = "completion", chosen = "chosen", rejected = "rejected";
};

enum class RecordKind : uint8_t { text, conversation, completion, preference };

// What is wrong with a record, in words; whoever knows file and line says them in front.
struct RecordError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Record {
  RecordKind kind = RecordKind::text;
  // The text; prompt and completion; prompt, chosen and rejected. Empty where there are conversations.
  std::vector<std::string> texts;
  // One, or of a preference the one with the chosen and the one with the rejected answer. They end with an answer.
  std::vector<std::vector<ChatMessage>> conversations;
  bool had_last_question = false;  // behind the last answer, which was left out

  bool is_pair() const { return kind == RecordKind::preference; }
};

// form: that texts are brought into; absent: as they are. Throws RecordError.
Record read_record(std::string_view line, const RecordColumns& columns, std::optional<NormalForm> form);

// Equal records have equal keys, others surely not.
struct RecordKey {
  uint64_t low = 0, high = 0;
  bool operator==(const RecordKey&) const = default;
};
RecordKey key_of(const Record& record);

}  // namespace convoy
