// The model beneath an adapter: a run trains the adapter alone and saves nothing of the model, which it reads in
// model.from whenever it starts. Which weights those are is told by every checkpoint, in base.json: an adapter means
// nothing beside others.
#pragma once

#include <memory>
#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

inline constexpr const char* kBaseFile = "base.json";

// What base.json of a run with this base says: {"folder", "weights": checksum}.
std::string base_record(const CheckpointReader& base);

// The base.json of a run's checkpoint; empty: it has none, or there is no checkpoint.
std::string base_record_of(const CheckpointReader* run);

// How errors speak of such a model.
struct BaseWords {
  const char* model = "the model beneath the adapter";
  const char* bound = "the adapter was trained beside";
  const char* otherwise = "beside others it means nothing";
};

// The checksum of the weights that a record names. Throws CheckpointError if it is damaged.
std::string weights_in(const std::string& record);

// The model that model.from names or, where no such folder is here, as for a command that is started elsewhere, the one
// that the record names. verify: reads all of it. Throws CheckpointError if there is none, or if it has other weights
// than the record says.
std::unique_ptr<CheckpointReader> open_base(const Config& config, const std::string& record, bool verify,
                                            const BaseWords& words = {});

// Collective: the same, verified, opened by rank 0 and known to all (core/checkpoint/open_together.h).
std::unique_ptr<CheckpointReader> open_base_together(Communicator& ranks, const Config& config,
                                                     const std::string& record, const BaseWords& words = {});
// Collective: likewise the model that model.from names.
std::unique_ptr<CheckpointReader> open_model_together(Communicator& ranks, const Config& config);

}  // namespace convoy
