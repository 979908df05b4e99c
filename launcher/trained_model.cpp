#include "launcher/trained_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/train/operator_choices.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "launcher/base_model.h"
#include "launcher/config/load_config.h"
#include "launcher/run_folder.h"

namespace convoy {
namespace {

constexpr const char* kTokenizerFiles[] = {"tokenizer.json", "tokenizer.model"};

// Of the data that data.path names, or of number i of data.mix.
std::string data_folder_file(size_t i) { return i == 0 ? "data_folder.txt" : fmt::format("data_folder_{}.txt", i); }

std::string path_from_here(const std::string& path, const CheckpointReader& checkpoint, const std::string& file) {
  if (std::filesystem::path(path).is_absolute() || !checkpoint.has_file(file)) return path;
  const std::filesystem::path then = checkpoint.file(file);
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(then, ignored), is_here = std::filesystem::exists(path, ignored);
  if (!is_here) return then.string();
  return is_there && !std::filesystem::equivalent(then, path, ignored) ? then.string() : path;
}

std::filesystem::path find_folder(const std::filesystem::path& folder) {
  if (is_there(weights_path_in(folder))) return folder;
  const std::filesystem::path checkpoints = RunPaths(folder).checkpoints();
  if (is_folder(checkpoints))
    if (const auto found = find_checkpoint(checkpoints)) return *found;
  throw CheckpointError(
      fmt::format("{} holds no checkpoint; wanted a run folder with checkpoints/ or a checkpoint folder "
                  "with model.safetensors",
                  folder.string()));
}

std::filesystem::path find_best(const std::filesystem::path& folder) {
  const std::filesystem::path checkpoints = RunPaths(folder).checkpoints(), name = checkpoints / "best";
  if (!is_there(name))
    throw CheckpointError(fmt::format(
        "{} names no best checkpoint; a run keeps one with evaluate.patience or checkpoint.keep_best. Leave "
        "--best out for the newest one",
        folder.string()));
  std::string best = read_file(name);
  best.erase(best.find_last_not_of('\n') + 1);
  return checkpoints / best;
}

}  // namespace

std::filesystem::path checkpoint_of(const std::filesystem::path& folder, CheckpointOfRun which) {
  return file_errors_as<CheckpointError>(
      [&] { return which == CheckpointOfRun::best ? find_best(folder) : find_folder(folder); });
}

TrainedModel open_trained_model(const std::filesystem::path& folder, const std::vector<std::string>& overrides,
                                CheckpointOfRun which) {
  const std::filesystem::path found = checkpoint_of(folder, which);
  TrainedModel model{.checkpoint = std::make_unique<CheckpointReader>(found, true), .config = {}};
  Config config = parse_config(model.checkpoint->file("config.yaml"), (found / "config.yaml").string(), {});
  take_data_from_here(config.data, *model.checkpoint);
  if (std::ranges::any_of(overrides, [](const std::string& key) { return key.starts_with("data.path="); }))
    config.data.mix.clear();
  model.config = override_config(config, overrides);
  if (model.config.model.family->context() > 0 && model.config.model.family->vocabulary() == 0)
    throw CheckpointError(fmt::format(
        "{}/config.yaml does not say model.vocabulary; take the config.yaml that trainer wrote", found.string()));
  if (model.config.model.adapter.is_there())
    model.base = open_base(model.config, base_record_of(model.checkpoint.get()), true);
  return model;
}

std::map<std::string, std::string> data_folder_files(const Config& config) {
  const auto absolute = [](const std::string& path) { return std::filesystem::absolute(path).string(); };
  std::map<std::string, std::string> files;
  for (size_t i = 0; i < config.data.mix.size(); ++i) files[data_folder_file(i)] = absolute(config.data.mix[i].path);
  if (files.empty()) files[data_folder_file(0)] = absolute(config.data.path);
  return files;
}

void take_data_from_here(DataConfig& data, const CheckpointReader& checkpoint) {
  for (size_t i = 0; i < data.mix.size(); ++i)
    data.mix[i].path = path_from_here(data.mix[i].path, checkpoint, data_folder_file(i));
  if (data.mix.empty()) data.path = path_from_here(data.path, checkpoint, data_folder_file(0));
}

std::string operator_choices_of(const CheckpointReader* checkpoint) {
  return checkpoint != nullptr && checkpoint->has_file(kOperatorsFile) ? checkpoint->file(kOperatorsFile)
                                                                       : std::string();
}

bool has_tokenizer(const CheckpointReader& checkpoint) {
  return std::ranges::any_of(kTokenizerFiles, [&](const char* name) { return checkpoint.has_file(name); });
}

std::string tokenizer_file_of(const CheckpointReader& checkpoint) {
  for (const char* name : kTokenizerFiles)
    if (checkpoint.has_file(name)) return name;
  throw CheckpointError(fmt::format("{} holds no tokenizer.json or tokenizer.model; copy the one of its dataset there",
                                    checkpoint.folder().string()));
}

std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint) {
  const std::string name = tokenizer_file_of(checkpoint);
  return parse_tokenizer(checkpoint.file(name), name);
}

}  // namespace convoy
