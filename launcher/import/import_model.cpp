#include "launcher/import/import_model.h"

#include <fmt/format.h>

#include <map>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/safetensors.h"
#include "core/models/peer_config.h"
#include "core/parameters/parameter_layout.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "launcher/config/write_config.h"
#include "launcher/import/fit_model.h"
#include "launcher/import/model_source.h"
#include "launcher/model_choice.h"
#include "launcher/model_files.h"
#include "launcher/new_output.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

ModelSource open_source(const ModelImport& request) {
  std::error_code ignored;
  if (std::filesystem::is_directory(request.source, ignored)) return open_huggingface(request.source);
  if (!std::filesystem::exists(request.source, ignored))
    throw CheckpointError(
        fmt::format("{} is not there; wanted the folder of a model as Hugging Face has it, or a .gguf file",
                    request.source.string()));
  return open_gguf(request.source, request.dtype);
}

void check_tokenizer_fits(const ModelSource& source, int64_t vocabulary) {
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    const auto file = source.files.find(name);
    if (file == source.files.end()) continue;
    const int64_t tokens = parse_tokenizer(file->second, name)->vocabulary();
    if (tokens > vocabulary)
      throw CheckpointError(fmt::format("{}: {} has {} tokens, the model knows {}; take the tokenizer of these weights",
                                        source.name, name, tokens, vocabulary));
    return;
  }
}

WrittenFile write_weights(const ModelSource& source, const FittedModel& model, const std::filesystem::path& to,
                          const ModelProgress& progress) {
  if (model.as_they_are && !source.whole_file.empty()) return copy_model_file(source.whole_file, to, progress);
  std::vector<NamedTensor> tensors;
  int64_t all = 0, done = 0;
  for (const SourceTensor& tensor : model.tensors) {
    NamedTensor next{.name = tensor.name, .tensor = {nullptr, tensor.dtype, tensor.shape}};
    all += static_cast<int64_t>(next.tensor.bytes());
    const int64_t rows = tensor.shape.dims() == 0 ? 1 : std::max<int64_t>(tensor.shape[0], 1);
    const int64_t row_bytes = static_cast<int64_t>(next.tensor.bytes()) / rows;
    next.rows = [&, read = tensor.rows, row_bytes](int64_t first, int64_t count, void* out) {
      read(first, count, out);
      done += count * row_bytes;
      progress(done, all);
    };
    tensors.push_back(std::move(next));
  }
  return write_safetensors(to, std::move(tensors));
}

}  // namespace

ImportedModel import_model(const ModelImport& request, const ModelProgress& progress) {
  ModelSource source = open_source(request);
  Config config;
  config.model.family = family_from_config_json(source.config_json);
  config.batch = {.micro = 1, .global = 1};
  const Graph graph = make_loss_graph(config);
  const FittedModel fitted = fit_model(source, graph);
  check_tokenizer_fits(source, config.model.family->vocabulary());
  const ParameterLayout layout(graph, 1);

  NewOutput folder(request.out);
  make_folder(folder.path());
  Manifest manifest;
  manifest.position.seed = config.run.seed;
  manifest.position.plan_fingerprint = layout.fingerprint();
  manifest.files[kWeightsName] = write_weights(source, fitted, folder.path() / kWeightsName, progress);
  std::map<std::string, std::string> files = std::move(source.files);
  files["config.json"] = source.config_json;
  files["config.yaml"] = to_yaml(config);
  for (const auto& [name, content] : files) manifest.files[name] = write_model_file(folder.path() / name, content);
  write_model_file(folder.path() / kManifestName, manifest_text(manifest));
  folder.commit();
  ImportedModel result;
  result.description = fmt::format("{}, {}, {} parameters", config.model.family.name(), config.model.family->summary(),
                                   count_text(static_cast<double>(layout.parameter_count())));
  result.notes = fitted.notes;
  if (!files.contains("tokenizer.json") && !files.contains("tokenizer.model"))
    result.notes.push_back("it brings no tokenizer: the model takes any dataset whose vocabulary fits");
  return result;
}

}  // namespace convoy
