// JSON from text and to text. The JSON library's parser and writer take seconds to compile in each file that calls
// them; files that only look into values or make them include <nlohmann/json.hpp> and come here for the rest.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace convoy {

// Throw nlohmann::json::parse_error, which names the byte. Ordered: names stay in the text's order, and each is looked
// for one after the other, so it is for objects of few names.
nlohmann::json parse_json(std::string_view text);
nlohmann::ordered_json parse_ordered_json(std::string_view text);

// As dump(): the shortest digits that read back exactly, NaN as null; indent -1: one line. Strings that are not UTF-8,
// messages with a name in them, are written as text_of_bytes does; who reads a name back gives text_of_bytes(name).
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace convoy
