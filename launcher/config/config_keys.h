// The keys of a config as a flat list.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"

namespace convoy {

struct ConfigKey {
  std::string name;  // dotted: "model.layers", "optimizer.groups.0.match"
  Effect effect = Effect::computes;
  std::string_view unit, meaning;
  Allowed allowed;
  std::string value;  // as YAML writes it
  std::string raw;    // a text as the bytes that it is; anything else as value
};

using DescribeKeys = std::function<void(Keys&)>;

// In the order of the config page. Of a list in its items' keys; an empty one has none.
std::vector<ConfigKey> keys_of(const DescribeKeys& describe);
std::vector<ConfigKey> keys_of(Config config);

// Of all kinds that there are to choose from.
std::vector<std::string_view> kind_names(const AnyChoice& choice);

std::vector<std::string> config_keys();      // of the defaults: "run.dir", "run.seed", ..., "device", ...
std::vector<std::string> config_sections();  // "run", "model", ...

// The known key that a mistyped one most likely means, with how to say so: "; did you mean model.channels?" A key that
// stands in the wrong group or outside all is recognised by its last part. If nothing is near, the keys of its group.
// known: the keys of the config as far as it is known.
std::string key_advice(const std::string& unknown_key, const std::vector<std::string>& known);

}  // namespace convoy
