// Documents in shards of tokens: which tokens belong together, and which of them a model is to learn to say.
//
// The field "marks" (u8), a row a token, says it: FORMAT.md. A document lies whole in one shard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "datasets/array_shard.h"
#include "datasets/dataset_manifest.h"
#include "datasets/shards.h"

namespace convoy {

inline constexpr const char* kMarksField = "marks";
inline constexpr uint8_t kCounts = 1;  // the token counts in the loss where it is the target
inline constexpr uint8_t kBegins = 2;  // a document begins with it

// Of kinds "documents" and "pairs": the places of their fields in manifest and shards.
inline constexpr size_t kDocumentTokens = 0, kDocumentMarks = 1;
std::vector<StoredField> document_fields(int64_t vocabulary);
// Throws DataError, naming the folder, unless the manifest has these.
void check_document_fields(const std::filesystem::path& folder, const DatasetManifest& manifest);

struct Document {
  size_t shard = 0;
  int64_t begin = 0, tokens = 0;
  int64_t counted = 0;  // tokens that count; the first never does: nothing before it could say it

  bool teaches() const { return counted > 0; }
};

// Of one shard in the order in which they lie. Throws DataError if it does not begin with one.
std::vector<Document> documents_of(const ArrayShard& shard, size_t number);

// Of all shards, by shard: each is read by one of the ranks, which tells the others (read_of_each_shard). check: told
// of each shard by who reads it, may throw DataError.
std::vector<std::vector<Document>> documents_of_shards(
    const Shards& shards, Communicator* ranks,
    const std::function<void(const ArrayShard&, const std::vector<Document>&)>& check = {});

// Fills a sequence of T places: tokens, targets (the next token where it counts, else -1), both as far as the document
// has them: its tokens but the last.
class DocumentReader {
 public:
  explicit DocumentReader(const Shards& shards) : shards_(shards) {}
  void read(const Document& document, int32_t* tokens, int32_t* targets);

 private:
  const Shards& shards_;
  std::vector<int32_t> tokens_;
  std::vector<uint8_t> marks_;
};

// Of targets as DocumentReader fills them: the places of the document's prefix, which are its tokens before the first
// that counts.
int64_t prefix_places(std::span<const int32_t> targets);

// Places of a sequence that a document takes: each of its tokens but the last is read to say the next.
inline int64_t places_of(const Document& document) { return document.tokens - 1; }

// Throws DataError that says what to do about a document that no sequence of T places holds.
void require_documents_fit(const std::filesystem::path& folder, Split split, const std::vector<Document>& documents,
                           int64_t T);

}  // namespace convoy
