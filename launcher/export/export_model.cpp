#include "launcher/export/export_model.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "launcher/export/export_formats.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

using ExportFunction = ExportedModel (*)(const TrainedModel&, const ModelExport&, const ModelProgress&);

ExportFunction export_function(const std::string& format) {
  if (format == "huggingface") return export_huggingface;
  if (format == "gguf") return export_gguf;
  if (format == "peft") return export_peft;
  if (format.empty()) throw UsageError("--format is missing; there are huggingface, gguf and peft");
  throw UsageError(fmt::format("--format {}: there are huggingface, gguf and peft", format));
}

// Other programs would compute it as a causal one, and say nothing.
void check_has_peer(const TrainedModel& model) {
  if (!model.config.model.family->reads_prompts_whole()) return;
  throw ConfigError(
      fmt::format("the model in {} has model.attention = prefix, and none of the formats can say that tokens of a "
                  "prompt see one another: whoever reads the file would take it for a causal model; its "
                  "model.safetensors holds all of its weights by name",
                  model.checkpoint->folder().string()));
}

}  // namespace

ExportedModel export_model(const ModelExport& request, const ModelProgress& progress) {
  const ExportFunction write = export_function(request.format);
  const TrainedModel model = open_trained_model(request.run, {}, request.which);
  check_has_peer(model);
  ExportedModel result = write(model, request, progress);
  if (model.base != nullptr && write != export_peft) result.notes.push_back("the adapter is merged into the weights");
  if (model.checkpoint->has_average())
    result.notes.push_back(
        "these are the last weights, not their moving average, with which eval and generate compute");
  return result;
}

}  // namespace convoy
