// The formats of `trainer export`, one function each: see export_model.h.
#pragma once

#include "launcher/export/export_model.h"

namespace convoy {

// config.json, model.safetensors as the checkpoint has it, the tokenizer's files.
ExportedModel export_huggingface(const TrainedModel& model, const ModelExport& request, const ModelProgress& progress);
// adapter_config.json and adapter_model.safetensors, of a run with an adapter.
ExportedModel export_peft(const TrainedModel& model, const ModelExport& request, const ModelProgress& progress);
ExportedModel export_gguf(const TrainedModel& model, const ModelExport& request, const ModelProgress& progress);

}  // namespace convoy
