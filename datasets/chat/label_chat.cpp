#include "datasets/chat/label_chat.h"

#include <algorithm>

namespace convoy {

ChatLabeller::ChatLabeller(const ChatFormat& format, const Tokenizer& tokenizer)
    : format_(format),
      tokenizer_(tokenizer),
      special_(tokenizer.special_tokens()),
      end_(end_of_answer(format, tokenizer)),
      encoder_(tokenizer.make_plain_encoder()) {
  const bool ends_in_question = end_.token < 0 && end_.text.starts_with(format.assistant.suffix);
  if (ends_in_question) rest_of_end_ = end_.text.substr(format.assistant.suffix.size());
}

// Up to where the answer has ended; what follows is the format's own.
void ChatLabeller::add_answer_end(std::string_view suffix, std::vector<Part>& parts) {
  const SpecialPlace found = find_special(special_, suffix);
  size_t counted = suffix.size();
  if (found.token >= 0)
    counted = found.at + found.bytes;
  else if (end_.text.size() < suffix.size())
    counted = end_.text.size();
  parts.push_back({suffix.substr(0, counted), true, true});
  parts.push_back({suffix.substr(counted), true, false});
}

std::vector<ChatLabeller::Part> ChatLabeller::parts_of(std::span<const ChatPiece> pieces) {
  std::vector<Part> parts;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const ChatPiece& piece = pieces[i];
    std::string_view text = piece.text;
    const bool after_answer = i > 0 && pieces[i - 1].of_answer && !piece.of_answer;
    if (piece.of_answer && piece.is_format) {
      add_answer_end(text, parts);
    } else if (after_answer && !rest_of_end_.empty() && text.starts_with(rest_of_end_)) {
      parts.push_back({text.substr(0, rest_of_end_.size()), true, true});
      parts.push_back({text.substr(rest_of_end_.size()), true, false});
    } else {
      parts.push_back({text, piece.is_format, piece.of_answer});
    }
  }
  if (!pieces.empty() && pieces.back().of_answer && !rest_of_end_.empty()) parts.push_back({rest_of_end_, true, true});
  return parts;
}

namespace {

// Of all answers but the last one: parts of the conversation like any other.
void keep_last_answer(std::vector<ChatPiece>& pieces) {
  size_t begin = pieces.size();
  while (begin > 0 && !pieces[begin - 1].of_answer) --begin;
  while (begin > 0 && pieces[begin - 1].of_answer) --begin;
  for (size_t i = 0; i < begin; ++i) pieces[i].of_answer = false;
}

}  // namespace

MarkedTokens ChatLabeller::label(const std::vector<ChatMessage>& messages, bool last_answer_only) try {
  std::vector<ChatPiece> pieces = write_chat(format_, messages);
  if (last_answer_only) keep_last_answer(pieces);
  MarkedTokens out;
  bool counts = false;
  for (const Part& part : parts_of(pieces)) {
    if (part.text.empty()) continue;
    if (part.counts != counts) end_text(counts, out);
    counts = part.counts;
    encode(part, out);
  }
  end_text(counts, out);
  return out;
} catch (...) {
  encoder_ = tokenizer_.make_plain_encoder();
  tokens_.clear();
  has_text_ = false;
  throw;
}

void ChatLabeller::encode(const Part& part, MarkedTokens& out) {
  std::string_view text = part.text;
  while (!text.empty()) {
    const SpecialPlace found = part.is_format ? find_special(special_, text) : SpecialPlace{};
    const size_t plain = found.token < 0 ? text.size() : found.at;
    if (plain > 0) {
      encoder_->add(text.substr(0, plain), tokens_);
      has_text_ = true;
    }
    if (found.token < 0) return;
    end_text(part.counts, out);
    out.append(std::span(&found.token, 1), part.counts);
    text.remove_prefix(found.at + found.bytes);
  }
}

void ChatLabeller::end_text(bool counts, MarkedTokens& out) {
  if (has_text_) encoder_->finish(tokens_);
  has_text_ = false;
  out.append(tokens_, counts);
  tokens_.clear();
}

}  // namespace convoy
