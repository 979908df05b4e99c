#include <fmt/format.h>

#include <optional>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/safetensors.h"
#include "core/models/llama_family.h"
#include "datasets/gguf/gguf_model.h"
#include "datasets/gguf/gguf_tokenizer.h"
#include "launcher/export/export_formats.h"
#include "launcher/export/merge_adapter.h"
#include "launcher/new_output.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

const BlockType& wanted_type(const std::string& name, const std::filesystem::path& weights) {
  if (!name.empty()) {
    const BlockType* type = find_block_type(std::string_view(name));
    if (type == nullptr || type->write == nullptr)
      throw UsageError(fmt::format("--type {}: there are f32, f16, bf16, q8_0 and q4_0", name));
    return *type;
  }
  const SafetensorsReader reader(weights);
  for (const auto& [tensor, entry] : reader.entries()) return *find_block_type(name_of(entry.dtype));
  throw CheckpointError(fmt::format("{} holds no weights", weights.string()));
}

LlamaConfig llama_of(const TrainedModel& model) {
  if (const auto* family = model.config.model.family.as<LlamaFamily>()) return family->settled(DType::f32);
  throw ConfigError(
      fmt::format("the model in {} is of the family {}; GGUF files are written of the family llama, and --format "
                  "huggingface takes others",
                  model.checkpoint->folder().string(), model.config.model.family.name()));
}

}  // namespace

ExportedModel export_gguf(const TrainedModel& model, const ModelExport& request, const ModelProgress& progress) {
  std::filesystem::path weights = weights_path_in(model.checkpoint->folder());
  std::optional<NewOutput> merged;  // vanishes again
  if (model.base != nullptr) {
    weights = merged.emplace(request.out.string() + ".merged").path();
    write_merged(model, weights, [](int64_t, int64_t) {});
  }
  const BlockType& type = wanted_type(request.type, weights);
  GgufModel gguf = gguf_model(llama_of(model), type);
  const GgufValues tokenizer = gguf_tokenizer(tokenizer_companions(*model.checkpoint), gguf.config.vocabulary);
  gguf.values.insert(gguf.values.end(), tokenizer.begin(), tokenizer.end());
  const std::vector<GgufOutputTensor> tensors = gguf_tensors(weights, type, gguf);
  int64_t all = 0;
  for (const GgufOutputTensor& tensor : tensors) all += static_cast<int64_t>(tensor.bytes());

  NewOutput file(request.out);
  write_gguf(file.path(), gguf.values, tensors, [&](int64_t done) { progress(done, all); });
  file.commit();
  if (!has_tokenizer(*model.checkpoint)) gguf.notes.push_back("the model has no tokenizer, and so the file has none");
  return {fmt::format("GGUF, {}, {}, {}", gguf.architecture->gguf, model.config.model.family->summary(), type.name),
          gguf.notes};
}

}  // namespace convoy
