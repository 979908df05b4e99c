// A split by its name on the command line.
#pragma once

#include <fmt/format.h>

#include <string>

#include "core/data/batch_source.h"
#include "launcher/usage_error.h"

namespace convoy {

// Throws UsageError.
inline Split split_named(const std::string& name) {
  for (const Split split : kSplits)
    if (name == name_of(split)) return split;
  throw UsageError(fmt::format("--split {}: there are train, validation and test", name));
}

}  // namespace convoy
