// What the loss of preference pairs measures against: the log-probabilities of all answers under the model that
// training begins with, model.from. They are computed once, by all ranks together, and lie in the run's folder
// (reference_file.h); reference.json in every checkpoint says which weights they are of, so that a run goes on where
// that model is gone.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communicator.h"
#include "core/config/config.h"
#include "core/data/referenced_pairs.h"
#include "core/device/device.h"
#include "launcher/progress/console.h"
#include "launcher/train/reference_file.h"

namespace convoy {

inline constexpr const char* kReferenceFile = "reference.json";

class References {
 public:
  struct Parts {
    const Config& config;                 // settled by the data
    std::vector<ReferencedPairs*> pairs;  // of the data; none: there is nothing to be done
    Communicator& ranks;
    Device& device;
    const CheckpointReader* checkpoint = nullptr;  // of the run; null: it begins
    std::filesystem::path folder;                  // where the files lie
    Console& console;                              // shows progress on the first rank
  };
  // Collective. Throws ConfigError if the config names no model to measure against.
  explicit References(Parts parts);

  // Collective. Gives the pairs those of these splits: as they are stored or, where they are not, computed. Throws
  // CheckpointError if a file is damaged or foreign, and if the model has other weights than the checkpoint says.
  void provide(std::span<const Split> splits);
  // Writes what was computed. One rank.
  void keep();

  // reference.json; empty: there are no pairs.
  const std::string& record() const { return record_; }

 private:
  struct Missing {
    ReferencedPairs* pairs;
    Split split;
    ReferenceFacts facts;
  };
  struct Computed {
    ReferenceFacts facts;
    std::vector<float> values;
  };

  // Collective: the first rank's work on files, while the others wait.
  void first_works(std::string what, const std::function<void()>& work);
  ReferenceFacts facts_of(const ReferencedPairs& pairs, Split split) const;
  bool read(ReferencedPairs& pairs, Split split, const ReferenceFacts& facts);
  std::unique_ptr<CheckpointReader> open_model() const;
  void compute(const std::vector<Missing>& missing);
  bool first() const { return p_.ranks.rank() == 0; }

  Parts p_;
  std::string record_;
  std::vector<Computed> computed_;
};

// The splits that training reads.
std::vector<Split> splits_of_training(const Config& config, const Dataset& data);

// RUN/reference of a checkpoint in RUN/checkpoints; of another folder the one beside it.
std::filesystem::path reference_folder(const CheckpointReader& checkpoint);

}  // namespace convoy
