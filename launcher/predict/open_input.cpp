#include "launcher/predict/open_input.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "datasets/hdf5_input.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

void refuse_options_of_tables(const PredictOptions& options, const char* read) {
  if (options.table != TableInputOptions())
    throw UsageError(fmt::format(
        "--keep, --unknown-category, --delimiter and --header are of tables, and what is read here is {}", read));
}

void refuse_options_of_images(const PredictOptions& options, const char* read) {
  if (options.images != ImageInputOptions())
    throw UsageError(fmt::format("--damaged is of images, and what is read here is {}", read));
}

std::unique_ptr<PredictionInput> open_table(const std::string& preprocessing, const std::filesystem::path& input,
                                            const PredictOptions& options) {
  refuse_options_of_images(options, "a table");
  return open_table_input(input, table_form_from(preprocessing), options.table);
}

std::unique_ptr<PredictionInput> open_images(const std::string& preprocessing, const std::filesystem::path& input,
                                             const PredictOptions& options) {
  refuse_options_of_tables(options, "images");
  return open_image_input(input, image_field_from(preprocessing), options.images);
}

// Other input than an HDF5 file.
std::unique_ptr<PredictionInput> refuse_other_than_hdf5(const std::string& /*preprocessing*/,
                                                        const std::filesystem::path& input,
                                                        const PredictOptions& /*options*/) {
  if (!file_errors_as<DataError>([&] { return is_there(input); }))
    throw DataError(fmt::format("{}: no such file; check the path", input.string()));
  throw DataError(
      fmt::format("{}: is no HDF5 file, and the model was trained on an import of one; name one with the same datasets",
                  input.string()));
}

struct InputKind {
  std::string_view name;  // "kind" of the preprocessing
  std::unique_ptr<PredictionInput> (*open)(const std::string& preprocessing, const std::filesystem::path& input,
                                           const PredictOptions& options);
};
constexpr InputKind kInputKinds[] = {
    {kTablePreprocessing, open_table}, {"images", open_images}, {"hdf5", refuse_other_than_hdf5}};

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
                                                       const std::vector<StoredField>& fields,
                                                       const std::filesystem::path& input,
                                                       const PredictOptions& options) {
  if (is_hdf5_file(input)) {
    refuse_options_of_tables(options, "an HDF5 file");
    refuse_options_of_images(options, "an HDF5 file");
    return open_hdf5_input(input, fields,
                           model.has_file(kPreprocessingFile) ? model.file(kPreprocessingFile) : std::string());
  }
  if (!model.has_file(kPreprocessingFile))
    throw CheckpointError(
        fmt::format("the model in {} does not say how samples are made of new input, as its data did not; name an HDF5 "
                    "file with its fields, or train on what `trainer data import-csv` or import-images made",
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
