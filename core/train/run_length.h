// How long a run is, and at which steps it evaluates and saves: told by steps or by epochs.
//
// An epoch is one walk through the training split. Batches go on over its border: a step may take the last samples of
// one epoch and the first of the next, so that every batch is full and no sample is left out. With S samples and a
// global batch of G, epoch e is done with the step that takes its last sample, ceil(e S / G), and E epochs are
// ceil(E S / G) steps.
#pragma once

#include <cstdint>

#include "core/config/config.h"

namespace convoy {

class RunLength {
 public:
  // samples: of the training split. Throws ConfigError if the epochs are more steps than can be counted.
  RunLength(const Config& config, int64_t samples);

  int64_t steps() const { return steps_; }  // in all
  // 0 if the run is told by steps.
  int64_t epochs() const { return epochs_; }
  bool by_epochs() const { return epochs_ > 0; }
  int64_t samples_per_epoch() const { return samples_; }

  // After a step: walks through the split that are done, and with the one in progress, "2.5"; never beyond epochs().
  int64_t epochs_done(int64_t step) const;
  double epoch_of(int64_t step) const;
  // Epochs are done with it that were not before.
  bool ends_epoch(int64_t step) const { return epochs_done(step) > epochs_done(step - 1); }

  // Is an evaluation, or a checkpoint, due after this step? The last step's are never asked for.
  bool evaluates_after(int64_t step) const { return evaluate_.due(*this, step); }
  bool saves_after(int64_t step) const { return save_.due(*this, step); }
  // Whether a checkpoint that is due may be left out if the last one is recent: only its time matters.
  bool saves_by_time() const { return save_by_time_; }
  bool evaluates_on_the_way() const { return evaluate_.steps > 0 || evaluate_.epochs > 0; }
  // That are due after later steps.
  int64_t evaluations_after(int64_t step) const;

 private:
  struct Every {
    int64_t steps = 0, epochs = 0;  // one of them, or none: never
    bool due(const RunLength& run, int64_t step) const;
  };
  Every every(const Auto& steps, int64_t automatic, int64_t epochs) const;

  int64_t steps_ = 0, epochs_ = 0, samples_ = 0, global_batch_ = 1;
  Every evaluate_, save_;
  bool save_by_time_ = false;
};

// Micro-batches of an evaluation while training; 0: all. Only where evaluates().
int64_t evaluated_batches(const Config& config);
// Whether the config wants evaluations.
bool evaluates(const Config& config);

}  // namespace convoy
