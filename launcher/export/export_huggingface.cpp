#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/safetensors.h"
#include "launcher/export/export_formats.h"
#include "launcher/export/merge_adapter.h"
#include "launcher/new_output.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

using ExportJson = nlohmann::ordered_json;

// Of an adapter merged into the model beneath it, with weights as that has them.
std::string merged_config(const TrainedModel& model) {
  const SafetensorsReader weights(base_weights(model));
  const DType dtype = weights.entries().empty() ? DType::f32 : weights.entries().begin()->second.dtype;
  const int32_t end = has_tokenizer(*model.checkpoint) ? tokenizer_of(*model.checkpoint)->end_of_text() : -1;
  return model.config.model.family->peer_config(dtype, end);
}

std::string config_of_peer(const TrainedModel& model) {
  const CheckpointReader& checkpoint = *model.checkpoint;
  const Config& config = model.config;
  if (checkpoint.has_file("config.json")) return checkpoint.file("config.json");
  if (model.base != nullptr)
    if (std::string merged = merged_config(model); !merged.empty()) return merged;
  throw ConfigError(
      fmt::format("the model in {} is of the family {} in a form that no model of Hugging Face's library has; its "
                  "model.safetensors holds all of its weights by name",
                  checkpoint.folder().string(), config.model.family.name()));
}

// How the tokenizer is to be loaded: as it is, whatever kind of model it belongs to.
std::string plain_tokenizer_config(const CheckpointReader& checkpoint, int64_t context) {
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(checkpoint);
  const bool pieces = !checkpoint.has_file("tokenizer.json");
  ExportJson json = {{"tokenizer_class", pieces ? "LlamaTokenizer" : "PreTrainedTokenizerFast"},
                     {"clean_up_tokenization_spaces", false},
                     {"model_max_length", context}};
  if (pieces) json["add_bos_token"] = false;
  if (const int32_t end = tokenizer->end_of_text(); end >= 0 && !pieces) json["eos_token"] = tokenizer->decode({end});
  return json_text(json, 2) + "\n";
}

std::string plain_generation_config(const std::string& config_json) {
  const ExportJson config = parse_ordered_json(config_json);
  ExportJson json = {{"_from_model_config", true}};
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"})
    if (config.contains(key) && !config[key].is_null()) json[key] = config[key];
  return json_text(json, 2) + "\n";
}

// The file, or the index with its files.
void copy_weights(const std::filesystem::path& weights, const std::filesystem::path& to,
                  const ModelProgress& progress) {
  if (weights.filename() == kWeightsIndexName)
    for (const std::string& file : files_of_index(weights))
      copy_model_file(weights.parent_path() / file, to / file, progress);
  copy_model_file(weights, to / weights.filename(), progress);
}

}  // namespace

ExportedModel export_huggingface(const TrainedModel& model, const ModelExport& request, const ModelProgress& progress) {
  if (!request.type.empty())
    throw UsageError("--type is of --format gguf; in a Hugging Face folder the weights stay as they are");
  const CheckpointReader& checkpoint = *model.checkpoint;
  const std::string config = config_of_peer(model);
  std::map<std::string, std::string> files = tokenizer_companions(checkpoint);
  files["config.json"] = config;
  ExportedModel result;
  if (!has_tokenizer(checkpoint))
    result.notes.push_back("the model has no tokenizer, and so the folder has none");
  else if (!files.contains("tokenizer_config.json"))
    files["tokenizer_config.json"] = plain_tokenizer_config(checkpoint, model.config.model.family->context());
  if (!files.contains("generation_config.json")) files["generation_config.json"] = plain_generation_config(config);

  NewOutput folder(request.out);
  make_folder(folder.path());
  if (model.base != nullptr)
    write_merged(model, folder.path() / kWeightsName, progress);
  else
    copy_weights(weights_path_in(checkpoint.folder()), folder.path(), progress);
  for (const auto& [name, content] : files) write_model_file(folder.path() / name, content);
  folder.commit();
  result.description = fmt::format("a Hugging Face folder of {}, {}", model.config.model.family.name(),
                                   model.config.model.family->summary());
  return result;
}

}  // namespace convoy
