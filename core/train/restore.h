// From checkpoints into parameters.
#pragma once

#include <deque>
#include <string>

#include "core/base/checksum.h"
#include "core/checkpoint/checkpoint.h"
#include "core/train/model.h"
#include "core/train/parameter_filler.h"

namespace convoy {

// What was read of a checkpoint that is verified as it is read, and what it must be over all ranks that shard.
struct ReadSums {
  struct Sum {
    std::string name, wanted;
    BlockSum found;  // here
  };
  std::deque<Sum> sums;  // which stay where they are

  // Collective: what was found becomes what all these ranks together found.
  void add_up(Communicator& ranks);
  // Then: throws CheckpointError if that is not what was written.
  void check() const;
};

// Fills this rank's part of weights, master weights and the optimizer's states from a checkpoint that check_resume()
// has found to fit; what is of the model beneath an adapter stays as it is. share() is left to the caller.
void restore_training(const CheckpointReader& checkpoint, Model& model, ParameterFiller& filler, ReadSums& sums);

// Likewise of what is of the model beneath an adapter, from the checkpoint of that model.
void restore_base(const CheckpointReader& base, Model& model, ParameterFiller& filler);

// Likewise of all weights, for training to begin with: their moving average where that run kept one.
void begin_with_weights(const CheckpointReader& checkpoint, Model& model, ParameterFiller& filler);

// Likewise with initial weights and states of what learns, and of what is kept but not read; the same bits for any
// number of ranks.
void initialise(Model& model, uint64_t seed, ParameterFiller& filler);

// A trained model's checkpoint and, where it has an adapter, that of the model beneath.
struct TrainedWeights {
  const CheckpointReader& checkpoint;
  const CheckpointReader* base = nullptr;
};

// Weights alone, statistics and constants among them, for what does not train; any stored dtype. Their moving average
// where the run kept one.
void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, ParameterStorage& parameters);
void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, Model& model);

}  // namespace convoy
