#include "datasets/kinds.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/base/error.h"
#include "datasets/array_dataset.h"
#include "datasets/array_samples.h"
#include "datasets/documents/document_dataset.h"
#include "datasets/documents/document_text.h"
#include "datasets/documents/pair_dataset.h"
#include "datasets/token_dataset.h"
#include "datasets/token_text.h"

namespace convoy {
namespace {

using std::filesystem::path;

std::unique_ptr<Dataset> open_tokens(const path& folder, DatasetManifest manifest, const DatasetNeeds& needs) {
  return std::make_unique<TokenDataset>(folder, std::move(manifest), needs);
}

std::unique_ptr<Dataset> open_documents(const path& folder, DatasetManifest manifest, const DatasetNeeds& needs) {
  return std::make_unique<DocumentDataset>(folder, std::move(manifest), needs);
}

std::unique_ptr<Dataset> open_pairs(const path& folder, DatasetManifest manifest, const DatasetNeeds& needs) {
  return std::make_unique<PairDataset>(folder, std::move(manifest), needs);
}

std::unique_ptr<Dataset> open_arrays(const path& folder, DatasetManifest manifest, const DatasetNeeds& needs) {
  return std::make_unique<ArrayDataset>(folder, std::move(manifest), needs);
}

constexpr std::array kKinds = {
    DatasetKind{"tokens", "a window of a text's tokens", "tokens", open_tokens, token_text, nullptr, verify_tokenizer},
    DatasetKind{"documents", "whole documents in a sequence", "tokens", open_documents, document_text,
                labelled_documents, verify_documents},
    DatasetKind{"pairs", "a prompt with a chosen and a rejected answer", "tokens", open_pairs, document_text,
                labelled_documents, verify_documents},
    DatasetKind{"arrays", "a row: fields of fixed shapes", "samples", open_arrays, nullptr, array_samples},
};

}  // namespace

std::span<const DatasetKind> dataset_kinds() { return kKinds; }

const DatasetKind& find_dataset_kind(const path& folder, const DatasetManifest& manifest,
                                     std::span<const DatasetKind> kinds) {
  std::string names;
  for (const DatasetKind& kind : kinds) {
    if (kind.name == manifest.kind) return kind;
    names += fmt::format("{}\"{}\"", names.empty() ? "" : " or ", kind.name);
  }
  throw DataError(fmt::format("{}: a dataset of kind \"{}\", wanted {}; name another folder in data.path",
                              (folder / kDatasetManifestName).string(), manifest.kind, names));
}

std::unique_ptr<Dataset> open_dataset(const path& folder, const DatasetNeeds& needs,
                                      std::span<const DatasetKind> kinds) {
  DatasetManifest manifest =
      needs.ranks == nullptr ? read_dataset_manifest(folder) : read_dataset_manifest(folder, *needs.ranks);
  const DatasetKind& kind = find_dataset_kind(folder, manifest, kinds);
  return kind.open(folder, std::move(manifest), needs);
}

}  // namespace convoy
