// The command line itself makes no sense. Every rank sees the same one, so the first rank tells it for all.
#pragma once

#include "core/base/error.h"

namespace convoy {

struct UsageError : ConfigError {
  using ConfigError::ConfigError;
};

}  // namespace convoy
