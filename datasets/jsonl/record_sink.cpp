#include "datasets/jsonl/record_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace convoy {
namespace {

int64_t longest_of(const EncodedRecord& record) {
  size_t longest = 0;
  for (const MarkedTokens& document : record.documents) longest = std::max(longest, document.size());
  return static_cast<int64_t>(longest);
}

// Is there anything to learn? The first token never is: nothing before it could say it.
bool teaches(const MarkedTokens& document) {
  return document.size() > 1 &&
         std::ranges::find(document.counts.begin() + 1, document.counts.end(), uint8_t{1}) != document.counts.end();
}

}  // namespace

RecordSink::RecordSink(const std::filesystem::path& folder, int64_t vocabulary, int64_t shard_tokens,
                       int64_t block_bytes, RecordRules rules)
    : rules_(std::move(rules)) {
  for (const Split split : kSplits) writers_.emplace_back(folder, split, vocabulary, shard_tokens, block_bytes);
}

void RecordSink::add(EncodedBatch batch, const std::string& file, std::optional<Split> split) {
  for (EncodedRecord& record : batch.records) add(record, file, split);
}

void RecordSink::add(EncodedRecord& record, const std::string& file, std::optional<Split> split) {
  ++counts_.kinds[static_cast<size_t>(record.kind)];
  const bool is_pair = record.kind == RecordKind::preference;
  if (pairs_.value_or(is_pair) != is_pair)
    throw DataError(fmt::format("{}, line {}: {}, and those before it {}; import them into datasets of their own", file,
                                record.line, is_pair ? "a preference pair" : "no preference pair",
                                is_pair ? "are none" : "are such pairs"));
  pairs_ = is_pair;
  if (record.had_last_question) ++counts_.last_questions;
  if (!seen_.insert(record.key).second) {
    ++counts_.duplicates;
    return;
  }
  if (!fit(record, file)) return;
  const Split to = split ? *split : rules_.split(dealt_++);
  ++counts_.kept[static_cast<size_t>(to)];
  writers_[static_cast<size_t>(to)].append(record.documents);
}

// False: it is left out.
bool RecordSink::fit(EncodedRecord& record, const std::string& file) {
  const int64_t longest = longest_of(record);
  const bool is_long = rules_.max_tokens > 0 && longest > rules_.max_tokens;
  if (is_long && rules_.too_long == TooLong::error)
    throw DataError(
        fmt::format("{}, line {}: a record of {} tokens, and --max-tokens {}; raise it, or leave such records out with "
                    "--too-long drop, or cut their ends off with --too-long truncate",
                    file, record.line, longest, rules_.max_tokens));
  if (is_long && rules_.too_long == TooLong::truncate)
    for (MarkedTokens& document : record.documents) {
      const size_t most = std::min(document.size(), static_cast<size_t>(rules_.max_tokens));
      document.tokens.resize(most);
      document.counts.resize(most);
    }
  const bool kept =
      !is_long || (rules_.too_long == TooLong::truncate && std::ranges::all_of(record.documents, teaches));
  if (is_long) ++(kept ? counts_.truncated : counts_.too_long);
  if (is_long) return kept;
  if (std::ranges::all_of(record.documents, teaches)) return true;
  ++counts_.silent;
  return false;
}

void RecordSink::finish(DatasetManifest& manifest) {
  manifest.kind = pairs_.value_or(false) ? "pairs" : "documents";
  for (size_t split = 0; split < writers_.size(); ++split) manifest.splits[split] = writers_[split].finish();
}

}  // namespace convoy
