#include "launcher/config/load_config.h"

#include <algorithm>
#include <array>
#include <span>

#include "launcher/config/apply_settings.h"
#include "launcher/config/model_settings.h"
#include "launcher/config/validate.h"
#include "launcher/config/yaml_settings.h"

namespace convoy {
namespace {

// What the last of several settings gives to SECTION.KEY; empty: none does.
std::string given(std::span<const Setting* const> settings, std::string_view section, std::string_view key) {
  std::string text;
  for (const Setting* layer : settings) {
    const Setting* group = layer->find(section);
    const Setting* value = group == nullptr ? nullptr : group->find(key);
    if (value != nullptr && value->form == Setting::Form::text) text = value->text;
  }
  return text;
}

class Loader {
 public:
  explicit Loader(Config start) : config_(std::move(start)) {}

  // Each layer lies over those before it, all of them over the model that model.from names.
  void apply(std::span<const Setting* const> layers) {
    if (given(layers, "model", "family").empty()) choose_family_of(given(layers, "model", "preset"));
    begin_with_model(given(layers, "model", "from"), given(layers, "run", "dir"));
    for (const Setting* layer : layers) apply(*layer, origins_);
  }
  std::vector<Mistake>& mistakes() { return mistakes_; }

  // Contradictions point at the first key involved that was given; one that rests on a value that could not even be
  // read is not worth telling.
  Config finish() {
    add_metrics_of_loss();
    for (const Contradiction& contradiction : find_contradictions(config_)) {
      const auto& keys = contradiction.keys;
      const auto unread = [&](const std::string& key) { return origins_.unread.contains(key); };
      if (std::any_of(keys.begin(), keys.end(), unread)) continue;
      const auto given =
          std::find_if(keys.begin(), keys.end(), [&](const std::string& key) { return origins_.places.contains(key); });
      mistakes_.push_back(
          {given == keys.end() ? Place{"defaults", 0, 0} : origins_.places[*given], contradiction.message});
    }
    throw_if_any(std::move(mistakes_));
    return std::move(config_);
  }

 private:
  // A preset brings its family along.
  void choose_family_of(const std::string& preset) {
    FamilyChoice family = config_.model.family;
    for (const AnyChoice::KindText& kind : config_.model.family.kinds()) {
      family.choose(kind.name);
      if (std::ranges::count(family->presets(), preset) > 0) config_.model.family = family;
    }
  }
  // Where the config names none.
  void add_metrics_of_loss() {
    if (config_.evaluate.metrics.empty())
      for (const std::string_view name : config_.loss.kind->metrics())
        config_.evaluate.metrics.emplace_back(config_.evaluate.metric_kinds, name);
  }
  void apply(const Setting& settings, Origins& origins) {
    apply_settings(
        settings, [this](Keys& keys) { describe(keys, config_); }, origins, mistakes_);
  }

  // Its family and sizes. A run that goes on has weights of its own: where the folder is gone, the run knows them too.
  // A new run misses it when it wants its weights.
  void begin_with_model(const std::string& from, const std::string& run) {
    if (from.empty()) return;
    std::optional<Setting> model = settings_of_model(from);
    if (!model) model = settings_of_run_from(run.empty() ? config_.run.dir : run, from);
    Origins nowhere;
    if (model) apply(*model, nowhere);
  }

  Config config_;
  Origins origins_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

Config parse_config(const std::string& text, const std::string& source, const std::vector<std::string>& overrides,
                    const Config& defaults) {
  Loader loader(defaults);
  const Setting file = yaml_settings(text, source, loader.mistakes());
  const Setting words = command_line_settings(overrides, loader.mistakes());
  loader.apply(std::array{&file, &words});
  return loader.finish();
}

Config load_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   const Config& defaults) {
  return parse_config(read_config_file(file), file.string(), overrides, defaults);
}

Config override_config(const Config& config, const std::vector<std::string>& overrides) {
  Loader loader(config);
  const Setting words = command_line_settings(overrides, loader.mistakes());
  loader.apply(std::array{&words});
  return loader.finish();
}

}  // namespace convoy
