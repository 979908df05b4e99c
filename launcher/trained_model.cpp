#include "launcher/trained_model.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "launcher/config/load_config.h"
#include "launcher/run_folder.h"

namespace convoy {
namespace {

constexpr const char* kTokenizerFiles[] = {"tokenizer.json", "tokenizer.model"};

std::filesystem::path find_folder(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "model.safetensors")) return folder;
  const std::filesystem::path checkpoints = RunPaths(folder).checkpoints();
  if (std::filesystem::is_directory(checkpoints))
    if (const auto found = find_checkpoint(checkpoints)) return *found;
  throw CheckpointError(
      fmt::format("{} holds no checkpoint; wanted a run folder with checkpoints/ or a checkpoint folder "
                  "with model.safetensors",
                  folder.string()));
}

}  // namespace

TrainedModel open_trained_model(const std::filesystem::path& folder, const std::vector<std::string>& overrides) {
  const std::filesystem::path found = find_folder(folder);
  TrainedModel model{std::make_unique<CheckpointReader>(found, true), {}};
  model.config = parse_config(model.checkpoint->file("config.yaml"), (found / "config.yaml").string(), overrides);
  if (!model.config.model.vocabulary.value)
    throw CheckpointError(fmt::format(
        "{}/config.yaml does not say model.vocabulary; take the config.yaml that trainer wrote", found.string()));
  return model;
}

std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint) {
  for (const char* name : kTokenizerFiles)
    if (checkpoint.has_file(name)) return parse_tokenizer(checkpoint.file(name), name);
  throw CheckpointError(fmt::format("{} holds no tokenizer.json or tokenizer.model; copy the one of its dataset there",
                                    checkpoint.folder().string()));
}

}  // namespace convoy
