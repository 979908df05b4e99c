// What was written, and where, so that every later mistake can point at it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace convoy {

struct Place {
  std::string source;        // a file, or "command line"
  int line = 0, column = 0;  // from 1; 0: the source as a whole
  std::string text() const;  // "train.yaml:3:9"
};

// What stands behind a key: a value, a list, a map of further keys, or nothing.
struct Setting {
  enum class Form { nothing, text, list, map };
  Form form = Form::nothing;
  std::string text;  // of a value
  bool quoted = false;
  std::vector<Setting> items;  // of a list
  // Of a map, in the order written. On the command line a text may have them besides: words such as metrics.0=f1 change
  // the items of the list that it is.
  std::vector<std::pair<std::string, Setting>> entries;
  Place key_place, place;  // place: of the value

  Setting* find(std::string_view key);
  const Setting* find(std::string_view key) const;
};

struct Mistake {
  Place place;
  std::string message;
};

// Throws ConfigError with all of them, in the order of their places, if there are any.
void throw_if_any(std::vector<Mistake> mistakes);

// Settings of `key=value` words as a map; of a key given twice the later one counts.
Setting command_line_settings(const std::vector<std::string>& words, std::vector<Mistake>& mistakes);

}  // namespace convoy
