// One `key: value` as it was written, and where, so that every later mistake can point at it.
#pragma once

#include <string>
#include <vector>

namespace convoy {

struct Place {
  std::string source;        // a file, or "command line"
  int line = 0, column = 0;  // from 1; 0: the source as a whole
  std::string text() const;  // "train.yaml:3:9"
};

struct Setting {
  std::string key;    // dotted: "model.layers"
  std::string value;  // of a scalar
  bool quoted = false;
  Place place;  // of the value
};

struct Mistake {
  Place place;
  std::string message;
};

// Throws ConfigError with all of them, in the order of their places, if there are any.
void throw_if_any(std::vector<Mistake> mistakes);

}  // namespace convoy
