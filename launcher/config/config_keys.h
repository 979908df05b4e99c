// The keys of a config as data, generated from describe().
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/config/config.h"

namespace convoy {

// What is known of a key besides its value.
struct ConfigKey {
  std::string name;  // dotted: "model.layers"
  std::string_view unit, meaning;
  Allowed allowed;
};

template <class Field>
inline constexpr bool is_number =
    std::is_same_v<Field, int64_t> || std::is_same_v<Field, double> || std::is_same_v<Field, Auto>;

// Calls visit(ConfigKey, field) for every key, in the order of the config page.
template <class Visit>
class KeyWalk {
 public:
  explicit KeyWalk(Visit& visit) : visit_(visit) {}
  template <class Section>
  void section(std::string_view name, Section& section) {
    prefix_ = std::string(name) + ".";
    describe(*this, section);
    prefix_.clear();
  }
  template <class Field>
  void operator()(std::string_view key, Field& field, std::string_view unit, std::string_view meaning) {
    static_assert(!is_number<Field>, "a number says beside its meaning what is Allowed");
    (*this)(key, field, unit, meaning, Allowed::any());
  }
  template <class Field>
  void operator()(std::string_view key, Field& field, std::string_view unit, std::string_view meaning,
                  Allowed allowed) {
    visit_(ConfigKey{prefix_ + std::string(key), unit, meaning, std::move(allowed)}, field);
  }

 private:
  Visit& visit_;
  std::string prefix_;
};

template <class Visit>
void for_each_key(Config& config, Visit&& visit) {
  describe(KeyWalk(visit), config);
}

std::vector<std::string> config_keys();      // "run.dir", "run.seed", ..., "device", ...
std::vector<std::string> config_sections();  // "run", "model", ...

// The known key that a mistyped one most likely means, with how to say so: "; did you mean model.channels?" A key that
// stands in the wrong group or outside all is recognised by its last part. If nothing is near, the keys of its group.
std::string key_advice(const std::string& unknown_key);

}  // namespace convoy
