#include "launcher/predict/open_input.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/dataset_manifest.h"

namespace convoy {
namespace {

std::unique_ptr<PredictionInput> open_table(const std::string& preprocessing, const std::filesystem::path& input,
                                            const PredictOptions& options) {
  return open_table_input(input, table_form_from(preprocessing), options.table);
}

struct InputKind {
  std::string_view name;  // "kind" of the preprocessing
  std::unique_ptr<PredictionInput> (*open)(const std::string& preprocessing, const std::filesystem::path& input,
                                           const PredictOptions& options);
};
constexpr InputKind kInputKinds[] = {{kTablePreprocessing, open_table}};

std::string kind_of(const CheckpointReader& model, const std::string& preprocessing) {
  try {
    return parse_ordered_json(preprocessing).at("kind");
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(fmt::format("{}: {} is damaged: {}; take it from another copy", model.folder().string(),
                                      kPreprocessingFile, error.what()));
  }
}

}  // namespace

std::unique_ptr<PredictionInput> open_prediction_input(const CheckpointReader& model,
                                                       const std::filesystem::path& input,
                                                       const PredictOptions& options) {
  if (!model.has_file(kPreprocessingFile))
    throw CheckpointError(fmt::format(
        "the model in {} does not say how samples are made of new input, as its data did not; import a table "
        "with `trainer data import-csv` and train on that, or compare with known answers: `trainer eval`",
        model.folder().string()));
  const std::string preprocessing = model.file(kPreprocessingFile), wanted = kind_of(model, preprocessing);
  for (const InputKind& kind : kInputKinds)
    if (kind.name == wanted) return kind.open(preprocessing, input, options);
  throw CheckpointError(
      fmt::format("the model in {} reads input of kind \"{}\", which this Convoy does not know; use the "
                  "one that trained it",
                  model.folder().string(), wanted));
}

}  // namespace convoy
