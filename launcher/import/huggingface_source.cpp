#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/checkpoint/safetensors.h"
#include "datasets/tokenizers/tokenizer_settings.h"
#include "launcher/import/model_source.h"

namespace convoy {
namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

// The files of the weights that the index names, each once.
std::set<std::string> indexed_files(const std::filesystem::path& index) {
  nlohmann::json json;
  try {
    json = parse_json(read_file(index));
  } catch (const nlohmann::json::exception& error) {
    throw CheckpointError(fmt::format("{} is no JSON: {}; download it again", index.string(), error.what()));
  }
  std::set<std::string> files;
  if (json.is_object() && json.contains("weight_map") && json["weight_map"].is_object())
    for (const auto& [name, file] : json["weight_map"].items())
      if (file.is_string()) files.insert(file.get<std::string>());
  if (files.empty()) throw CheckpointError(fmt::format("{} has no weight_map; download it again", index.string()));
  for (const std::string& file : files) {
    if (std::filesystem::path(file).has_parent_path() || file == "." || file == "..")
      throw CheckpointError(fmt::format("{} names a file {}, which is not in its folder", index.string(), file));
    if (!is_there(index.parent_path() / file))
      throw CheckpointError(fmt::format("{} is missing, which {} names; download the rest of the model",
                                        (index.parent_path() / file).string(), index.string()));
  }
  return files;
}

std::set<std::string> weight_files(const std::filesystem::path& folder) {
  if (is_there(folder / kWeights)) return {kWeights};
  if (is_there(folder / kIndex)) return indexed_files(folder / kIndex);
  for (const char* other : {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "tf_model.h5"})
    if (is_there(folder / other))
      throw CheckpointError(
          fmt::format("{} holds its weights in {}, wanted {}; the model's page has them in that form, or "
                      "save_pretrained() of transformers writes it",
                      folder.string(), other, kWeights));
  throw CheckpointError(
      fmt::format("{} holds neither {} nor {}; wanted the folder of a model as Hugging Face has it, or a "
                  ".gguf file",
                  folder.string(), kWeights, kIndex));
}

void add_tensors(const std::filesystem::path& path, ModelSource& source) {
  const auto reader = std::make_shared<const SafetensorsReader>(path);
  for (const auto& [name, entry] : reader->entries()) {
    SourceTensor tensor{.name = name, .dtype = entry.dtype, .shape = entry.shape};
    const int64_t row = entry.shape.dims() == 0 || entry.shape[0] == 0 ? entry.shape.elements()
                                                                       : entry.shape.elements() / entry.shape[0];
    tensor.rows = [reader, stored = entry, row](int64_t first, int64_t count, void* out) {
      reader->read(stored, first * row, count * row, out);
    };
    source.tensors.push_back(std::move(tensor));
  }
}

ModelSource open_folder(const std::filesystem::path& folder) {
  if (!is_there(folder / "config.json"))
    throw CheckpointError(
        fmt::format("{} holds no config.json; wanted the folder of a model as Hugging Face has it, or a "
                    ".gguf file",
                    folder.string()));
  ModelSource source{.name = folder.string(), .config_json = read_file(folder / "config.json")};
  const std::set<std::string> files = weight_files(folder);
  for (const std::string& file : files) add_tensors(folder / file, source);
  if (files.size() == 1) source.whole_file = folder / *files.begin();
  for (const char* name : kTokenizerCompanions)
    if (is_there(folder / name)) source.files[name] = read_file(folder / name);
  return source;
}

}  // namespace

ModelSource open_huggingface(const std::filesystem::path& folder) {
  return file_errors_as<CheckpointError>([&] { return open_folder(folder); });
}

}  // namespace convoy
