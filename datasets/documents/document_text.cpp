#include "datasets/documents/document_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "datasets/documents/document.h"
#include "datasets/documents/pack_documents.h"
#include "datasets/grouped_number.h"
#include "datasets/shards.h"
#include "datasets/token_text.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

constexpr size_t kMostShownTokens = 600;  // of a document; of more the rest is counted
constexpr const char *kGreen = "\x1b[1;32m", *kGrey = "\x1b[2m", *kPlain = "\x1b[0m";

std::vector<Document> documents_of_split(const Shards& shards) {
  std::vector<Document> documents;
  for (const auto& some : documents_of_shards(shards, nullptr))
    documents.insert(documents.end(), some.begin(), some.end());
  return documents;
}

// In sequences that hold the longest, or as many tokens as the import said.
std::string packing_text(const std::vector<Document>& documents, int64_t T) {
  std::vector<int64_t> places;
  int64_t used = 0;
  for (const Document& document : documents)
    if (document.teaches()) {
      places.push_back(places_of(document));
      used += places.back();
    }
  const auto share = [&](bool pack) {
    const int64_t sequences = pack_documents(places, T, pack).sequences();
    return 100.0 * static_cast<double>(used) / static_cast<double>(std::max<int64_t>(1, sequences * T));
  };
  return fmt::format("packed into sequences of {} places, {:.1f}% of them are used; one in each, {:.1f}%", T,
                     share(true), share(false));
}

std::string split_text(const std::filesystem::path& folder, const DatasetManifest& manifest, Split split) {
  const std::vector<Document> documents = documents_of_split(Shards(folder, manifest, split));
  if (documents.empty()) return {};
  int64_t tokens = 0, counted = 0, longest = 0, silent = 0;
  for (const Document& document : documents) {
    tokens += document.tokens;
    counted += document.counted;
    longest = std::max(longest, document.tokens);
    silent += document.teaches() ? 0 : 1;
  }
  const bool pairs = manifest.kind == "pairs";
  std::string text = fmt::format(
      "{:<12} {} {}, {} tokens, of which {} count ({:.1f}%); the longest has {}{}\n", name_of(split),
      grouped(static_cast<int64_t>(documents.size()) / (pairs ? 2 : 1)), pairs ? "pairs" : "records", grouped(tokens),
      grouped(counted), 100.0 * static_cast<double>(counted) / static_cast<double>(tokens), grouped(longest),
      silent > 0 ? fmt::format("; {} have no token that counts and are left out", grouped(silent)) : "");
  if (pairs) return text;
  const int64_t most = std::strtoll(manifest.import.option("max_tokens").c_str(), nullptr, 10);
  return text + fmt::format("{:<12} {}\n", "", packing_text(documents, std::max(longest, most) - 1));
}

// Tokens of a document one by one, as they are spelled.
class TokenSpeller {
 public:
  explicit TokenSpeller(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    for (auto& [text, token] : tokenizer.special_tokens()) special_[token] = text;
  }
  std::string next(int32_t token) {
    before_.push_back(token);
    const auto found = special_.find(token);
    return found != special_.end() ? found->second : tokenizer_.decode(before_, before_.size() - 1);
  }

 private:
  const Tokenizer& tokenizer_;
  std::map<int32_t, std::string> special_;
  std::vector<int32_t> before_;
};

class LabelText {
 public:
  explicit LabelText(bool colours) : colours_(colours) {}

  void add(const std::string& token, bool counts) {
    if (counts != counts_ || text_.empty()) change(counts);
    if (!first_) text_ += "|";
    first_ = false;
    for (const char c : readable(token)) c == '\n' ? text_ += "\\n\n" : c == '\t' ? text_ += "\\t" : text_ += c;
  }
  std::string finish() && {
    if (!colours_ && counts_) text_ += "]]";
    return text_ + (colours_ ? kPlain : "");
  }

 private:
  void change(bool counts) {
    if (colours_)
      text_ += std::string(kPlain) + (counts ? kGreen : kGrey);
    else if (counts_ || counts)
      text_ += counts ? "[[" : "]]";
    counts_ = counts;
    first_ = true;
  }

  bool colours_, counts_ = false, first_ = true;
  std::string text_;
};

std::string labelled(const Shards& shards, const Document& document, const Tokenizer& tokenizer, bool colours) {
  const auto T = static_cast<size_t>(document.tokens);
  std::vector<int32_t> tokens(T), targets(T, -1);
  DocumentReader(shards).read(document, tokens.data(), targets.data());
  shards[document.shard].read(kDocumentTokens, document.begin + document.tokens - 1, 1, &tokens.back());
  TokenSpeller speller(tokenizer);
  LabelText text(colours);
  const size_t shown = std::min(T, kMostShownTokens);
  for (size_t i = 0; i < shown; ++i) text.add(speller.next(tokens[i]), i > 0 && targets[i - 1] >= 0);
  return std::move(text).finish() + (shown < T ? fmt::format("\nand {} tokens more", T - shown) : "");
}

}  // namespace

std::string document_text(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  check_document_fields(folder, manifest);
  std::string text = tokenizer_text(manifest);
  if (const std::string& format = manifest.import.option("format"); !format.empty())
    text += fmt::format("format       {}, loss on {} tokens\n", format, manifest.import.option("loss"));
  for (const Split split : kSplits) text += split_text(folder, manifest, split);
  return text;
}

std::string labelled_documents(const std::filesystem::path& folder, const DatasetManifest& manifest,
                               const SampleView& view) {
  if (!view.labels) return {};
  check_document_fields(folder, manifest);
  const auto tokenizer = load_tokenizer(folder / manifest.tokenizer_file);
  const Shards shards(folder, manifest, view.split);
  const std::vector<Document> documents = documents_of_split(shards);
  if (documents.empty())
    throw DataError(fmt::format("{}: it has no {} split to show", folder.string(), name_of(view.split)));
  const bool pairs = manifest.kind == "pairs";
  const size_t of_sample = pairs ? 2 : 1;
  std::string text = view.colours ? fmt::format("{}counts in the loss{}, {}does not{}\n", kGreen, kPlain, kGrey, kPlain)
                                  : "[[counts in the loss]] does not; | parts tokens\n";
  const size_t shown = std::min(documents.size(), static_cast<size_t>(view.count) * of_sample);
  for (size_t i = 0; i < shown; ++i)
    text += fmt::format("\n{} {}{}:\n{}\n", name_of(view.split), i / of_sample,
                        !pairs       ? ""
                        : i % 2 == 0 ? ", chosen"
                                     : ", rejected",
                        labelled(shards, documents[i], *tokenizer, view.colours));
  return text;
}

void verify_documents(const std::filesystem::path& folder, const DatasetManifest& manifest,
                      std::vector<std::string>& damages) {
  verify_tokenizer(folder, manifest, damages);
  try {
    check_document_fields(folder, manifest);
  } catch (const DataError& error) {
    damages.emplace_back(error.what());
    return;
  }
  for (const SplitEntry& split : manifest.splits)
    for (const ShardEntry& entry : split.shards) try {
        const size_t documents = documents_of(ArrayShard(folder, manifest, entry), 0).size();
        if (manifest.kind == "pairs" && documents % 2 != 0)
          damages.push_back(fmt::format("{}: {} documents, wanted an even number: pairs of a chosen and a rejected one",
                                        (folder / entry.file).string(), documents));
      } catch (const DataError& error) {
        if (std::ranges::find(damages, error.what()) == damages.end()) damages.emplace_back(error.what());
      }
}

}  // namespace convoy
