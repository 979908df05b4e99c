#include "launcher/config/load_config.h"

#include <algorithm>

#include "launcher/config/apply_settings.h"
#include "launcher/config/validate.h"
#include "launcher/config/yaml_settings.h"

namespace convoy {
namespace {

class Loader {
 public:
  explicit Loader(Config start) : config_(std::move(start)) {}

  void apply_file(const std::string& text, const std::string& source) { apply(yaml_settings(text, source, mistakes_)); }
  void apply_words(const std::vector<std::string>& words) { apply(command_line_settings(words, mistakes_)); }

  // Contradictions point at the first key involved that was given; one that rests on a value that could not even be
  // read is not worth telling.
  Config finish() {
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
  void apply(const Setting& settings) {
    apply_settings(
        settings, [this](Keys& keys) { describe(keys, config_); }, origins_, mistakes_);
  }

  Config config_;
  Origins origins_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

Config parse_config(const std::string& text, const std::string& source, const std::vector<std::string>& overrides,
                    const Config& defaults) {
  Loader loader(defaults);
  loader.apply_file(text, source);
  loader.apply_words(overrides);
  return loader.finish();
}

Config load_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   const Config& defaults) {
  return parse_config(read_config_file(file), file.string(), overrides, defaults);
}

Config override_config(const Config& config, const std::vector<std::string>& overrides) {
  Loader loader(config);
  loader.apply_words(overrides);
  return loader.finish();
}

}  // namespace convoy
