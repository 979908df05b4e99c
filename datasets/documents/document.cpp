#include "datasets/documents/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "core/base/error.h"
#include "datasets/files/data_errors.h"

namespace convoy {
namespace {

constexpr int64_t kMarksAtOnce = 1 << 16;

}  // namespace

std::vector<StoredField> document_fields(int64_t vocabulary) {
  return {token_field(vocabulary), {kMarksField, StoredType::u8, Shape{}, {}, 0}};
}

void check_document_fields(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  const auto& fields = manifest.fields;
  const bool fits = manifest.vocabulary > 0 && fields.size() == 2 && fields[kDocumentTokens].name == "tokens" &&
                    fields[kDocumentTokens].shape.dims() == 0 && fields[kDocumentMarks].name == kMarksField &&
                    fields[kDocumentMarks].type == StoredType::u8 && fields[kDocumentMarks].shape.dims() == 0;
  if (fits) return;
  throw DataError(
      fmt::format("{}: its manifest calls it a dataset of kind \"{}\", which has the fields tokens and {} (uint8), of "
                  "single elements, and \"tokens\": {{\"vocabulary\", ...}}; {}",
                  folder.string(), manifest.kind, kMarksField, kImportAgain));
}

std::vector<Document> documents_of(const ArrayShard& shard, size_t number) {
  std::vector<Document> documents;
  std::vector<uint8_t> marks;
  for (int64_t begin = 0; begin < shard.rows(); begin += kMarksAtOnce) {
    const int64_t count = std::min(kMarksAtOnce, shard.rows() - begin);
    marks.resize(static_cast<size_t>(count));
    shard.read(kDocumentMarks, begin, count, marks.data());
    if (begin == 0 && (marks[0] & kBegins) == 0)
      throw DataError(
          fmt::format("{}: no document begins with its first token: {}[0] = {}, wanted {} in it; a document lies in "
                      "one shard, and {} says where",
                      shard.file().string(), kMarksField, marks[0], kBegins, kMarksField));
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t mark = marks[static_cast<size_t>(i)];
      if ((mark & kBegins) != 0)
        documents.push_back({number, begin + i, 0, 0});
      else if ((mark & kCounts) != 0)
        ++documents.back().counted;
      ++documents.back().tokens;
    }
  }
  return documents;
}

std::vector<std::vector<Document>> documents_of_shards(
    const Shards& shards, Communicator* ranks,
    const std::function<void(const ArrayShard&, const std::vector<Document>&)>& check) {
  static_assert(std::is_trivially_copyable_v<Document>);
  const auto texts = read_of_each_shard(shards.size(), ranks, [&](size_t shard) {
    const std::vector<Document> documents = documents_of(shards[shard], shard);
    if (check) check(shards[shard], documents);
    return std::string(reinterpret_cast<const char*>(documents.data()), documents.size() * sizeof(Document));
  });
  std::vector<std::vector<Document>> all;
  for (const std::string& text : texts) {
    all.emplace_back(text.size() / sizeof(Document));
    std::copy_n(text.data(), text.size(), reinterpret_cast<char*>(all.back().data()));
  }
  return all;
}

void DocumentReader::read(const Document& document, int32_t* tokens, int32_t* targets) {
  const auto count = static_cast<size_t>(document.tokens);
  tokens_.resize(count);
  marks_.resize(count);
  const ArrayShard& shard = shards_[document.shard];
  shard.read(kDocumentTokens, document.begin, document.tokens, tokens_.data());
  shard.read(kDocumentMarks, document.begin, document.tokens, marks_.data());
  for (size_t t = 0; t + 1 < count; ++t) {
    tokens[t] = tokens_[t];
    targets[t] = (marks_[t + 1] & kCounts) != 0 ? tokens_[t + 1] : -1;
  }
}

int64_t prefix_places(std::span<const int32_t> targets) {
  const auto first = std::ranges::find_if(targets, [](int32_t target) { return target >= 0; });
  return std::min(first - targets.begin() + 1, std::ssize(targets));
}

void require_documents_fit(const std::filesystem::path& folder, Split split, const std::vector<Document>& documents,
                           int64_t T) {
  const auto longest = std::ranges::max_element(documents, {}, &Document::tokens);
  if (longest == documents.end() || places_of(*longest) <= T) return;
  const auto too_long =
      std::ranges::count_if(documents, [T](const Document& document) { return places_of(document) > T; });
  throw DataError(fmt::format(
      "{}: {} of {} documents of the {} split are longer than model.context + 1 = {} tokens, the longest "
      "has {}; write model.context={}, or import again with --max-tokens {} and --too-long drop or truncate",
      folder.string(), too_long, documents.size(), name_of(split), T + 1, longest->tokens, places_of(*longest), T + 1));
}

}  // namespace convoy
