#include "launcher/config/yaml_settings.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/nearest_name.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/yaml_documents.h"

namespace convoy {
namespace {

Place place_of(const std::string& source, const YAML::Mark& mark) {
  if (mark.is_null()) return {source, 0, 0};
  return {source, mark.line + 1, mark.column + 1};
}

void put_at(Setting& setting, const Place& place) {
  setting.key_place = setting.place = place;
  for (Setting& item : setting.items) put_at(item, place);
  for (auto& [name, entry] : setting.entries) put_at(entry, place);
}

// Aliases make large documents of small files: no config is this large or this deep.
constexpr int kMostNodes = 100000, kDeepest = 40;

class Reader {
 public:
  Reader(const std::string& source, std::vector<Mistake>& mistakes) : source_(source), mistakes_(mistakes) {}

  Setting read(const YAML::Node& node, const std::string& path, int depth) {
    Setting setting;
    setting.place = place_of(source_, node.Mark());
    if (++nodes_ > kMostNodes || depth > kDeepest)
      throw YAML::ParserException(node.Mark(), "lists and groups of keys, more or deeper than any config's");
    if (node.IsScalar()) {
      setting.form = Setting::Form::text;
      setting.text = bytes_of_text(node.Scalar());
      setting.quoted = node.Tag() == "!";
    } else if (node.IsSequence()) {
      setting.form = Setting::Form::list;
      for (const auto& item : node) {
        setting.items.push_back(read(item, fmt::format("{}{}.", path, setting.items.size()), depth + 1));
        setting.items.back().key_place = setting.items.back().place;
      }
    } else if (node.IsMap()) {
      setting.form = Setting::Form::map;
      read_map(node, path, depth, setting);
    }
    return setting;
  }

 private:
  void read_map(const YAML::Node& map, const std::string& path, int depth, Setting& to) {
    std::map<std::string, int> first_line;
    for (const auto& entry : map) {
      const Place at = place_of(source_, entry.first.Mark());
      if (!entry.first.IsScalar()) {
        mistakes_.push_back({at, "a key must be a plain name, as in `layers: 4`"});
        continue;
      }
      const std::string key = entry.first.Scalar();
      const auto [earlier, is_new] = first_line.emplace(key, at.line);
      if (!is_new) {
        mistakes_.push_back({at, fmt::format("{} stands here for the second time, first in line {}; keep one",
                                             shortened(path + key), earlier->second)});
        continue;
      }
      to.entries.emplace_back(key, read(entry.second, path + key + ".", depth + 1));
      to.entries.back().second.key_place = at;
    }
  }

  const std::string& source_;
  std::vector<Mistake>& mistakes_;
  int nodes_ = 0;
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

Setting yaml_settings(const std::string& text, const std::string& source, std::vector<Mistake>& mistakes) {
  const Place whole_file{source, 0, 0};
  try {
    const std::vector<YAML::Node> documents = yaml_documents(text);
    if (documents.size() == 1 && documents[0].IsMap()) return Reader(source, mistakes).read(documents[0], "", 0);
    mistakes.push_back({whole_file, no_config_message(documents)});
  } catch (const YAML::Exception& error) {
    mistakes.push_back({place_of(source, error.mark), fmt::format("not valid YAML: {}", error.msg)});
  }
  return {.form = Setting::Form::map, .key_place = whole_file, .place = whole_file};
}

std::optional<Setting> flow_setting(const std::string& text, const Place& place) {
  if (!text.starts_with('[') && !text.starts_with('{')) return std::nullopt;
  std::vector<Mistake> mistakes;
  // One line of a map, since a document that is a list alone is no config.
  const Setting line = yaml_settings("value: " + text, place.source, mistakes);
  const Setting* value = line.find("value");
  if (!mistakes.empty() || value == nullptr || line.entries.size() != 1) return std::nullopt;
  Setting setting = *value;
  put_at(setting, place);
  return setting.form == Setting::Form::text ? std::nullopt : std::optional(std::move(setting));
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
