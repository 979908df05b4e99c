#include "core/base/json_text.h"

#include <nlohmann/json.hpp>

namespace convoy {

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text.begin(), text.end()); }

nlohmann::ordered_json parse_ordered_json(std::string_view text) {
  return nlohmann::ordered_json::parse(text.begin(), text.end());
}

std::string json_text(const nlohmann::json& json, int indent) { return json.dump(indent); }

std::string json_text(const nlohmann::ordered_json& json, int indent) { return json.dump(indent); }

}  // namespace convoy
