// What one rank or each does with a dataset's files while the others wait.
#pragma once

#include <string>

#include "core/comm/work_together.h"

namespace convoy {

// Collective: work_together(), for an hour at most. What a rank does then, nobody need wait longer for.
inline void work_on_data(Communicator& ranks, std::string what, const std::function<void()>& part) {
  constexpr double kLimitSeconds = 3600;
  work_together(ranks, {std::move(what), kLimitSeconds, {}}, part);
}

}  // namespace convoy
