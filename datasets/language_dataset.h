// What datasets of tokens have in common: samples of T places, and a tokenizer beside the manifest.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "datasets/folder_dataset.h"

namespace convoy {

class LanguageDataset : public FolderDataset {
 public:
  std::unique_ptr<Tokenizer> tokenizer() const override;
  // The tokenizer's.
  std::map<std::string, std::string> files() const override;

 protected:
  // fields: of i32. Throws DataError if the model has no context; what: "a dataset of tokens".
  LanguageDataset(std::filesystem::path folder, DatasetManifest manifest, const DatasetNeeds& needs,
                  const std::string& what, std::vector<BatchField> fields);

  const int64_t T_;
};

}  // namespace convoy
