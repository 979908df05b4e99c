#include "core/base/json_text.h"

#include <nlohmann/json.hpp>

#include "core/base/byte_text.h"
#include "core/base/utf8.h"

namespace convoy {
namespace {

std::string as_utf8(const std::string& text) { return first_invalid_utf8(text) ? text_of_bytes(text) : text; }

template <class Json>
Json with_utf8(const Json& json) {
  if (json.is_string()) return as_utf8(json.template get_ref<const std::string&>());
  if (!json.is_structured()) return json;
  Json copy = json.is_array() ? Json::array() : Json::object();
  for (const auto& [key, value] : json.items())
    if (json.is_array())
      copy.push_back(with_utf8(value));
    else
      copy[as_utf8(key)] = with_utf8(value);
  return copy;
}

template <class Json>
std::string dump(const Json& json, int indent) {
  try {
    return json.dump(indent);
  } catch (const typename Json::type_error&) {
    return with_utf8(json).dump(indent);
  }
}

}  // namespace

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text.begin(), text.end()); }

nlohmann::ordered_json parse_ordered_json(std::string_view text) {
  return nlohmann::ordered_json::parse(text.begin(), text.end());
}

std::string json_text(const nlohmann::json& json, int indent) { return dump(json, indent); }

std::string json_text(const nlohmann::ordered_json& json, int indent) { return dump(json, indent); }

}  // namespace convoy
