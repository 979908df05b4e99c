#include "launcher/config/model_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "launcher/base_model.h"
#include "launcher/config/yaml_settings.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

// Absent: no such file, or none that may be looked at. Whoever wants more of the folder tells why.
std::optional<std::filesystem::path> config_in(const std::function<std::filesystem::path()>& find_folder) {
  try {
    std::filesystem::path config = find_folder() / "config.yaml";
    return is_there(config) ? std::optional(config) : std::nullopt;
  } catch (const CheckpointError&) {
    return std::nullopt;
  } catch (const FileError&) {
    return std::nullopt;
  }
}

// The model section alone.
Setting model_section(const std::filesystem::path& config) {
  std::vector<Mistake> mistakes;
  Setting settings = yaml_settings(read_config_file(config), config.string(), mistakes);
  throw_if_any(std::move(mistakes));
  std::erase_if(settings.entries, [](const auto& entry) { return entry.first != "model"; });
  return settings;
}

void forget_from(Setting& settings) {
  if (Setting* model = settings.find("model"))
    std::erase_if(model->entries, [](const auto& entry) { return entry.first == "from"; });
}

}  // namespace

std::optional<Setting> settings_of_model(const std::string& folder) {
  const auto config = config_in([&] { return checkpoint_of(folder); });
  if (!config) return std::nullopt;
  if (is_there(config->parent_path() / kBaseFile))
    throw ConfigError(fmt::format(
        "model.from = {0} has an adapter alone, without the model beneath it; make a model of both with "
        "`trainer export {0} MERGED --format huggingface` and `trainer import MERGED MODEL`, and name MODEL",
        folder));
  Setting settings = model_section(*config);
  forget_from(settings);
  return settings;
}

std::optional<Setting> settings_of_run_from(const std::string& run, const std::string& from) {
  const auto config = config_in([&] { return std::filesystem::path(run); });
  if (!config) return std::nullopt;
  Setting settings = model_section(*config);
  const Setting* model = settings.find("model");
  const Setting* found = model == nullptr ? nullptr : model->find("from");
  if (found == nullptr || found->text != from) return std::nullopt;
  forget_from(settings);
  return settings;
}

}  // namespace convoy
