#include "launcher/config/yaml_settings.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/nearest_name.h"
#include "launcher/config/yaml_documents.h"

namespace convoy {
namespace {

Place place_of(const std::string& source, const YAML::Mark& mark) {
  if (mark.is_null()) return {source, 0, 0};
  return {source, mark.line + 1, mark.column + 1};
}

// One map of the file: its scalars become settings, everything else is looked at by visit_child.
class Reader {
 public:
  Reader(const std::string& source, const std::vector<std::string>& sections, std::vector<Mistake>& mistakes)
      : source_(source), sections_(sections), mistakes_(mistakes) {}

  std::vector<Setting> read(const YAML::Node& root) {
    read_map(root, "");
    return std::move(settings_);
  }

 private:
  void read_map(const YAML::Node& map, const std::string& prefix) {
    std::map<std::string, int> first_line;
    for (const auto& entry : map) {
      const Place at = place_of(source_, entry.first.Mark());
      if (!entry.first.IsScalar()) {
        mistakes_.push_back({at, "a key must be a plain name, as in `layers: 4`"});
        continue;
      }
      const std::string key = prefix + entry.first.Scalar();
      const auto [earlier, is_new] = first_line.emplace(key, at.line);
      if (!is_new) {
        mistakes_.push_back({at, fmt::format("{} stands here for the second time, first in line {}; keep one",
                                             shortened(key), earlier->second)});
        continue;
      }
      read_value(key, at, entry.second, prefix.empty());
    }
  }

  void read_value(const std::string& key, const Place& key_place, const YAML::Node& value, bool top_level) {
    const bool section = top_level && std::find(sections_.begin(), sections_.end(), key) != sections_.end();
    if (value.IsScalar() && section)
      mistakes_.push_back({key_place, fmt::format("{} = {} is one value where a group of keys is wanted; write {}: "
                                                  "and its keys indented below it",
                                                  key, shortened(value.Scalar()), key)});
    else if (value.IsScalar())
      settings_.push_back({key, bytes_of_text(value.Scalar()), value.Tag() == "!", place_of(source_, value.Mark())});
    else if (value.IsMap() && section)
      read_map(value, key + ".");
    else if (value.IsMap() && top_level)
      mistakes_.push_back(
          {key_place, fmt::format("unknown group of keys {}{}", shortened(key), did_you_mean_section(key))});
    else if (value.IsNull() && !section)
      mistakes_.push_back({key_place, fmt::format("{} has no value; write one behind the colon, or remove the line to "
                                                  "get the default",
                                                  key)});
    else if (!value.IsNull())
      mistakes_.push_back({key_place, fmt::format("{} is a {}; one value is wanted", key,
                                                  value.IsSequence() ? "list" : "group of keys")});
  }

  std::string did_you_mean_section(const std::string& key) const {
    const std::string nearest = did_you_mean(key, sections_);
    return nearest.empty() ? fmt::format("; there are {}", fmt::join(sections_, ", ")) : nearest;
  }

  const std::string& source_;
  const std::vector<std::string>& sections_;
  std::vector<Mistake>& mistakes_;
  std::vector<Setting> settings_;
};

std::vector<std::string> yaml_files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string extension = entry->path().extension();
    if (extension == ".yaml" || extension == ".yml") names.push_back(entry->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string missing_file_message(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!is_folder(folder))
    return fmt::format("no config file {}: there is no folder {}", path.string(), folder.string());
  const std::vector<std::string> names = yaml_files_in(folder);
  if (names.empty())
    return fmt::format("no config file {}, and no other YAML file beside it; `trainer config` prints one to start from",
                       path.string());
  const std::string nearest = nearest_name(path.filename().string(), names).value_or(names.front());
  return fmt::format("no config file {}; did you mean {}?", path.string(), (path.parent_path() / nearest).string());
}

std::string no_config_message(const std::vector<YAML::Node>& documents) {
  if (documents.empty() || documents[0].IsNull())
    return "the file holds no keys; `trainer config` prints all of them to start from";
  if (documents.size() > 1)
    return fmt::format("{} YAML documents in one file; keep one and remove the `---` lines", documents.size());
  return "not a list of `key: value` lines, as a config must be";
}

}  // namespace

std::vector<Setting> yaml_settings(const std::string& text, const std::string& source,
                                   const std::vector<std::string>& known_sections, std::vector<Mistake>& mistakes) {
  const Place whole_file{source, 0, 0};
  try {
    const std::vector<YAML::Node> documents = yaml_documents(text);
    if (documents.size() == 1 && documents[0].IsMap())
      return Reader(source, known_sections, mistakes).read(documents[0]);
    mistakes.push_back({whole_file, no_config_message(documents)});
  } catch (const YAML::Exception& error) {
    mistakes.push_back({place_of(source, error.mark), fmt::format("not valid YAML: {}", error.msg)});
  }
  return {};
}

std::vector<Setting> command_line_settings(const std::vector<std::string>& words, std::vector<Mistake>& mistakes) {
  std::map<std::string, Setting> settings;
  const Place place{"command line", 0, 0};
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      mistakes.push_back(
          {place, fmt::format("`{}` is not of the form key=value, as in train.steps=100", shortened(word))});
    else
      settings[word.substr(0, equals)] = {word.substr(0, equals), word.substr(equals + 1), false, place};
  }
  std::vector<Setting> list;
  list.reserve(settings.size());
  for (auto& [key, setting] : settings) list.push_back(std::move(setting));
  return list;
}

std::string read_config_file(const std::filesystem::path& path) {
  return file_errors_as<ConfigError>([&] {
    if (!is_there(path)) throw ConfigError(missing_file_message(path));
    if (is_folder(path))
      throw ConfigError(fmt::format("{} is a folder; a YAML file is wanted, such as {}", path.string(),
                                    (path / "train.yaml").string()));
    return read_file(path);
  });
}

}  // namespace convoy
