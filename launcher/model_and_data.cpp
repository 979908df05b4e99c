#include "launcher/model_and_data.h"

#include <fmt/format.h>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

std::string described(int64_t vocabulary, const std::string& file, const std::string& content) {
  return fmt::format("a vocabulary of {} and the tokenizer {} (checksum {})", vocabulary, file, checksum_of(content));
}

}  // namespace

void check_vocabulary(const Config& config, const TokenDataset& data) {
  const int64_t model = config.model.vocabulary.value.value();
  if (data.vocabulary() <= model) return;
  throw ConfigError(
      fmt::format("model.vocabulary = {}, but the tokens in {} reach up to {}; a new run wants {} or more, or auto",
                  model, data.folder().string(), data.vocabulary() - 1, data.vocabulary()));
}

void check_model_and_data(const CheckpointReader& model, const Config& config, const TokenDataset& data) {
  const int64_t vocabulary = config.model.vocabulary.value.value();
  const std::string file = tokenizer_file_of(model), of_model = model.file(file), of_data = data.tokenizer_content();
  if (data.vocabulary() <= vocabulary && of_data == of_model) return;
  throw DataError(fmt::format(
      "the model in {} has {}, the data in {} has {}; name data of the model's tokenizer in "
      "data.path: `trainer data import-text IN... OUT --tokenizer {}` makes it",
      model.folder().string(), described(vocabulary, file, of_model), data.folder().string(),
      described(data.vocabulary(), data.manifest().tokenizer_file, of_data), (model.folder() / file).string()));
}

void check_tokenizer(const CheckpointReader& model, const Config& config, const Tokenizer& tokenizer) {
  const int64_t vocabulary = config.model.vocabulary.value.value();
  if (tokenizer.vocabulary() <= vocabulary) return;
  throw CheckpointError(
      fmt::format("the model in {} has a vocabulary of {}, the tokenizer beside it one of {}; put the "
                  "tokenizer there that the model was trained with",
                  model.folder().string(), vocabulary, tokenizer.vocabulary()));
}

bool check_same_data(const DataOfStep& earlier, const Config& config, const TokenDataset& data) {
  const std::string found = data.identity();
  if (earlier.identity.empty() || earlier.identity == found) return false;
  if (config.data.changed == DataChange::accept) return true;
  throw DataError(
      fmt::format("{} was made from other data ({}) than lies in {} ({}); name that data in data.path, "
                  "import the same text again as it was imported then, or take this data with "
                  "data.changed=accept",
                  earlier.step, earlier.identity, data.folder().string(), found));
}

}  // namespace convoy
