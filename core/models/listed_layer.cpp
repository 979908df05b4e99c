#include "core/models/listed_layer.h"

#include <fmt/format.h>

#include <algorithm>

namespace convoy {
namespace {

constexpr const char *kMark = "name", *kRepeat = "repeat";

bool is_plain(const std::string& name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_label(Keys& keys, const std::string& label) {
  if (!is_plain(label))
    keys.contradiction({kMark}, [&label](const std::string& path) {
      return fmt::format("{}name = {}; a name is made of letters, digits, _ and -", path, label);
    });
}

}  // namespace

std::vector<AnyChoice::KindText> ListedLayer::kinds() const {
  std::vector<KindText> texts = item.kinds();
  texts.push_back({kMark, "a name for the value so far, that a later layer's `from` takes", true});
  texts.push_back({kRepeat, "layers one behind the other, so many times, each time with weights of its own", true});
  return texts;
}

std::string_view ListedLayer::name() const {
  return form == Form::mark ? kMark : form == Form::repeat ? kRepeat : item.name();
}

void ListedLayer::choose(std::string_view kind) {
  if (kind == name()) return;
  *this = ListedLayer(table_);
  form = kind == kMark ? Form::mark : kind == kRepeat ? Form::repeat : Form::layer;
  if (form == Form::layer) item.choose(kind);
}

void ListedLayer::describe(Keys& keys) {
  if (form == Form::mark) {
    keys("name", label, "", "for the value so far", Allowed::text());
    check_label(keys, label);
  } else if (form == Form::repeat) {
    keys("repeat", times, "", "how many times", Allowed::from(1, 10000));
    keys.kinds("layers", layers, ListedLayer(table_), "", "one behind the other", Keys::Items::as_around);
    if (layers.empty())
      keys.contradiction({"layers"}, [](const std::string& path) {
        return fmt::format("{}layers is empty; list what is to be repeated", path);
      });
  } else {
    item.describe(keys);
    keys(sparse(kMark), label, "", "that parameters and `from` know it by; none: its place in the list");
    keys(sparse("from"), from, "",
         "what it reads: names, fields of the data, or `.`, the value so far; none: the value so far");
    check_label(keys, label);
  }
}

std::string ListedLayer::summary() const {
  if (form == Form::mark) return {};
  return form == Form::layer ? std::string(item.name()) : fmt::format("{} x ({})", times, summary_of(layers));
}

std::string summary_of(const std::vector<ListedLayer>& layers) {
  std::string names;
  for (const ListedLayer& layer : layers)
    if (const std::string one = layer.summary(); !one.empty()) names += (names.empty() ? "" : ", ") + one;
  return names;
}

}  // namespace convoy
