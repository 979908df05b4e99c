#include "launcher/generate/chat_choice.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/utf8.h"
#include "datasets/chat/recognize_template.h"
#include "launcher/config/yaml_documents.h"

namespace convoy {
namespace {

class FormatYaml {
 public:
  explicit FormatYaml(std::string path) : path_(std::move(path)) {}

  ChatFormat read(const YAML::Node& node) const {
    if (!node.IsMap()) refuse("it is no map");
    ChatFormat format;
    format.name = path_;
    bool has_user = false, has_assistant = false;
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      if (key == "system") {
        format.system = around(entry.second, key);
      } else if (key == "user") {
        format.user = around(entry.second, key);
        has_user = true;
      } else if (key == "assistant") {
        format.assistant = around(entry.second, key);
        has_assistant = true;
      } else if (key == "without_system") {
        format.without_system = entry.second.as<std::string>();
      } else if (key == "system_in_user") {
        format.system_in_user = entry.second.as<bool>();
      } else if (key == "trim") {
        format.trims = entry.second.as<bool>();
      } else {
        refuse(fmt::format("it has a key {}", key));
      }
    }
    if (!has_user || !has_assistant) refuse("it lacks user or assistant");
    return format;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw ConfigError(
        fmt::format("{}: {}; wanted are system, user and assistant, each {{prefix: TEXT, suffix: TEXT}}, and if need "
                    "be without_system: TEXT, system_in_user: true, trim: true",
                    path_, what));
  }

 private:
  ChatFormat::Around around(const YAML::Node& node, const std::string& role) const {
    if (!node.IsMap()) refuse(fmt::format("{} is no map", role));
    ChatFormat::Around result;
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      if (key != "prefix" && key != "suffix") refuse(fmt::format("{} has a key {}", role, key));
      (key == "prefix" ? result.prefix : result.suffix) = entry.second.as<std::string>();
    }
    return result;
  }

  std::string path_;
};

bool is_yaml_file(const std::string& option) { return option.ends_with(".yaml") || option.ends_with(".yml"); }

ChatFormat named_format(const std::string& option) {
  if (is_yaml_file(option))
    return chat_format_from_yaml(file_errors_as<ConfigError>([&] { return read_file(option); }), option);
  if (const ChatFormat* format = find_chat_format(option)) return *format;
  throw ConfigError(fmt::format("--format {}: there are {}, or a .yaml file of your own", option, chat_format_names()));
}

}  // namespace

ChatFormat chat_format_from_yaml(const std::string& content, const std::string& path) {
  const FormatYaml reader(path);
  try {
    if (first_invalid_utf8(content)) reader.refuse("it is no UTF-8");
    const std::vector<YAML::Node> documents = yaml_documents(content);
    if (documents.size() != 1) reader.refuse("it holds no one document");
    return reader.read(documents.front());
  } catch (const YAML::Exception& error) {
    reader.refuse(error.what());
  }
}

ChatFormat choose_chat_format(const std::string& option, const TokenizerSettings& settings,
                              const Tokenizer& tokenizer) {
  if (option.empty()) {
    RecognizedFormat own = recognize_template(settings);
    if (!own.format)
      throw ConfigError(
          fmt::format("{}; name the format that it was tuned with, --format {}, or a YAML file of your own",
                      own.why_not, chat_format_names()));
    check_chat_format(*own.format, tokenizer);
    return *std::move(own.format);
  }
  const ChatFormat format = named_format(option);
  check_chat_format(format, tokenizer);
  return format;
}

}  // namespace convoy
