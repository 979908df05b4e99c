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

// What depends on the number of ranks: throws ConfigError if the virtual ranks do not split over the ranks or cannot be
// summed by them, the global batch over the virtual ranks, or the ranks into groups of parallel.shard_ranks.
// virtual_ranks: as above, or as the checkpoint says that is resumed.
void check_ranks(const Config& config, int64_t virtual_ranks, int ranks);

// The numbers of ranks on which a run of so many virtual ranks can go on, which are those that check_ranks lets pass;
// largest first. convoy-run chooses from them (`trainer config --rank-counts`).
std::vector<int> rank_counts(const Config& config, int64_t virtual_ranks);

}  // namespace convoy
