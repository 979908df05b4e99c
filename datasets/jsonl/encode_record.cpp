#include "datasets/jsonl/encode_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/base/error.h"

namespace convoy {

RecordEncoder::RecordEncoder(const RecordForm& form, const Tokenizer& tokenizer)
    : form_(form), tokenizer_(tokenizer), encoder_(tokenizer.make_encoder()) {
  if (form_.format) labeller_.emplace(*form_.format, tokenizer_);
}

std::vector<MarkedTokens> RecordEncoder::encode(const Record& record) try {
  std::vector<MarkedTokens> documents;
  for (const auto& messages : record.conversations) documents.push_back(conversation(messages, record.is_pair()));
  if (record.texts.size() == 1) documents.push_back(text("", record.texts[0]));
  for (size_t answer = 1; answer < record.texts.size(); ++answer) {
    const std::string &prompt = record.texts[0], &reply = record.texts[answer];
    documents.push_back(form_.chat_prompts
                            ? conversation({{ChatRole::user, prompt}, {ChatRole::assistant, reply}}, record.is_pair())
                            : text(prompt, reply));
  }
  if (form_.all_count && !record.is_pair())
    for (MarkedTokens& document : documents) std::ranges::fill(document.counts, uint8_t{1});
  return documents;
} catch (const DataError& error) {
  encoder_ = tokenizer_.make_encoder();
  throw RecordError(error.what());
} catch (const ConfigError& error) {
  throw RecordError(error.what());
}

MarkedTokens RecordEncoder::text(const std::string& prompt, const std::string& answer) {
  MarkedTokens out;
  add(prompt, false, out);
  add(answer, true, out);
  if (const int32_t end = tokenizer_.end_of_text(); end >= 0) out.append(std::span(&end, 1), true);
  return out;
}

void RecordEncoder::add(const std::string& text, bool counts, MarkedTokens& out) {
  tokens_.clear();
  encoder_->add(text, tokens_);
  encoder_->finish(tokens_);
  out.append(tokens_, counts);
}

MarkedTokens RecordEncoder::conversation(const std::vector<ChatMessage>& messages, bool last_answer_only) {
  if (!labeller_)
    throw RecordError(fmt::format(
        "a conversation, and how it is to be written is not known: {}; name a format with --format {}, or a "
        "YAML file of your own",
        form_.why_not, chat_format_names()));
  return labeller_->label(messages, last_answer_only);
}

}  // namespace convoy
