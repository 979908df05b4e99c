#include "datasets/language_dataset.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/files/data_errors.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

DatasetFacts facts_of_tokens(const DatasetManifest& manifest, size_t fields) {
  DatasetFacts facts = facts_of_rows(manifest, "tokens");
  facts.fields.resize(fields);
  return facts;
}

}  // namespace

LanguageDataset::LanguageDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs,
                                 const std::string& what, std::vector<BatchField> fields)
    : FolderDataset(std::move(folder), manifest, needs, facts_of_tokens(manifest, fields.size())), T_(needs.context) {
  fields_ = std::move(fields);
  if (T_ < 1)
    throw DataError(
        fmt::format("{}: {}, but the model has no context to read them with; name another dataset in "
                    "data.path, or choose a family of language models",
                    folder_.string(), what));
}

std::unique_ptr<Tokenizer> LanguageDataset::tokenizer() const {
  return load_tokenizer(folder_ / manifest_.tokenizer_file);
}

std::map<std::string, std::string> LanguageDataset::files() const {
  return {{manifest_.tokenizer_file, as_data_error([&] { return read_file(folder_ / manifest_.tokenizer_file); })}};
}

}  // namespace convoy
