// What a config may not say although every value has the right type.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"

namespace convoy {

struct Contradiction {
  std::vector<std::string> keys;  // involved, the one to change first
  std::string message;            // found, wanted, remedy
};

// Everything that can be said without knowing the number of ranks: values that their keys do not allow, and values that
// do not go together.
std::vector<Contradiction> find_contradictions(const Config& config);

// parallel.virtual_ranks, or the rank count where it is auto.
int64_t virtual_ranks(const Config& config, int ranks);

// What depends on the number of ranks: throws ConfigError if the virtual ranks do not split over the ranks, or the
// global batch over the virtual ranks. virtual_ranks: as above, or as the checkpoint says that is resumed.
void check_ranks(const Config& config, int64_t virtual_ranks, int ranks);

}  // namespace convoy
