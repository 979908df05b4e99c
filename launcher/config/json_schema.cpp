#include "launcher/config/json_schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/json_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

std::string description(const Key& key) {
  return key.unit.empty() ? std::string(key.meaning) : fmt::format("[{}] {}", key.unit, key.meaning);
}

Json number(const char* type, const Allowed& a) {
  Json schema = {{"type", type}};
  const bool whole = schema["type"] == "integer";
  const auto bound = [&](const char* name, double value) {
    schema[name] = whole ? Json(static_cast<int64_t>(value)) : Json(value);
  };
  if (a.minimum) bound(a.exclusive_minimum ? "exclusiveMinimum" : "minimum", *a.minimum);
  if (a.maximum) bound(a.exclusive_maximum ? "exclusiveMaximum" : "maximum", *a.maximum);
  return schema;
}

Json text(const Allowed& a) {
  Json schema = {{"type", "string"}};
  if (!a.names.empty()) schema["enum"] = a.names;
  if (a.min_length > 0) schema["minLength"] = a.min_length;
  if (a.max_length < SIZE_MAX) schema["maxLength"] = a.max_length;
  return schema;
}

Json number_or_word(Json number, const Allowed& a) { return {{"anyOf", {std::move(number), {{"const", a.word}}}}}; }

Json list_of(const Json& item) { return {{"anyOf", {{{"type", "array"}, {"items", item}}, item}}}; }

struct SchemaOf {
  const Allowed& allowed;
  Json operator()(const bool*) const { return {{"type", "boolean"}}; }
  Json operator()(const int64_t*) const { return number("integer", allowed); }
  Json operator()(const double*) const { return number("number", allowed); }
  Json operator()(const std::string*) const { return text(allowed); }
  Json operator()(const Auto*) const { return number_or_word(number("integer", allowed), allowed); }
  Json operator()(const AutoReal*) const { return number_or_word(number("number", allowed), allowed); }
  Json operator()(const EnumField& field) const { return {{"enum", field.names}}; }
  Json operator()(const std::vector<std::string>*) const { return list_of(text(allowed)); }
  Json operator()(const std::vector<int64_t>*) const { return list_of(number("integer", allowed)); }
  Json operator()(const WordOrNumbers*) const { return words_or(number("integer", allowed)); }
  Json operator()(const WordOrReals*) const { return words_or(number("number", allowed)); }
  Json words_or(const Json& item) const { return {{"anyOf", {{{"enum", allowed.names}}, list_of(item)}}}; }
};

struct DefaultOf {
  Json operator()(const EnumField& field) const { return field.names[field.get()]; }
  Json operator()(const Auto* field) const { return field->value ? Json(*field->value) : Json(); }
  Json operator()(const AutoReal* field) const { return field->value ? Json(*field->value) : Json(); }
  template <class Number>
  Json operator()(const WordOr<Number>* field) const {
    return field->word.empty() ? Json(field->numbers) : Json(field->word);
  }
  template <class Value>
  Json operator()(const Value* value) const {
    return *value;
  }
};

// One group of keys. Where a key chooses between kinds there is one alternative for each, with the keys of that kind.
class GroupSchema final : public Keys {
 public:
  Json take() {
    if (kinds_.empty()) return object(properties_);
    Json alternatives = Json::array();
    for (Json& kind : kinds_) {
      Json properties = properties_;
      properties.update(kind["properties"]);
      alternatives.push_back(object(properties));
      if (kind.contains("required")) alternatives.back()["required"] = kind["required"];
    }
    return {{"oneOf", std::move(alternatives)}};
  }

 protected:
  void value(const Key& key, const Field& field) override {
    Json schema = std::visit(SchemaOf{key.allowed}, field);
    if (Json value = std::visit(DefaultOf{}, field); !value.is_null()) schema["default"] = std::move(value);
    put(key, std::move(schema));
  }
  void group(std::string_view name, const std::function<void(Keys&)>& describe) override {
    GroupSchema inner;
    describe(inner);
    properties_[std::string(name)] = inner.take();
  }
  void groups(const Key& key, const ListField& list) override {
    GroupSchema item;
    list.describe_example(item);
    put(key, {{"type", "array"}, {"items", item.take()}});
  }
  void choose(const Key& key, AnyChoice& choice) override {
    const std::unique_ptr<AnyChoice> any = choice.copy();
    for (const AnyChoice::KindText& kind : choice.kinds()) {
      any->choose(kind.name);
      GroupSchema keys;
      any->describe(keys);
      keys.put(key, {{"const", kind.name}, {"title", kind.meaning}});
      kinds_.push_back({{"properties", std::move(keys.properties_)}});
      if (kind.name != choice.name()) kinds_.back()["required"] = {std::string(key.name)};
    }
  }
  void choices(const Key& key, const ChoiceListField& list) override {
    if (list.as_around) return put(key, {{"type", "array"}, {"items", {{"$ref", "#" + anchor_}}}});
    const std::unique_ptr<AnyChoice> any = list.example();
    const std::string anchor = "items_of_" + std::string(key.name);
    Json items = Json::array();
    for (const AnyChoice::KindText& kind : any->kinds()) {
      any->choose(kind.name);
      GroupSchema keys;
      keys.anchor_ = anchor;
      any->describe(keys);
      const std::string name(kind.name);
      if (kind.beside) {
        items.push_back(keys.take());
        items.back()["title"] = kind.meaning;
        items.back()["required"] = {name};
        continue;
      }
      items.push_back({{"const", name}, {"title", kind.meaning}});
      Json tagged = object({{name, keys.take()}});
      tagged["required"] = {name};
      items.push_back(std::move(tagged));
    }
    put(key, {{"type", "array"}, {"items", {{"$anchor", anchor}, {"oneOf", std::move(items)}}}});
  }

 private:
  static Json object(Json properties) {
    return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  }
  void put(const Key& key, Json schema) {
    schema["description"] = description(key);
    properties_[std::string(key.name)] = std::move(schema);
  }

  Json properties_ = Json::object();
  std::vector<Json> kinds_;
  std::string anchor_;  // of the list's items that these keys belong to
};

}  // namespace

std::string config_schema(Config defaults) {
  GroupSchema keys;
  describe(static_cast<Keys&>(keys), defaults);
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Convoy config"}};
  schema.update(keys.take());
  return json_text(schema, 2) + "\n";
}

}  // namespace convoy
