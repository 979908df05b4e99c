// The training loop: steps, evaluations, checkpoints, stop requests. Knows interfaces only; the launcher brings the
// concrete device, communicator, data and observers.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/fail_together.h"
#include "core/comm/mesh.h"
#include "core/config/config.h"
#include "core/optimizer/optimizer_step.h"
#include "core/optimizer/schedule.h"
#include "core/train/averaged_weights.h"
#include "core/train/early_stopping.h"
#include "core/train/evaluator.h"
#include "core/train/loss_guard.h"
#include "core/train/parameter_filler.h"
#include "core/train/run_length.h"
#include "core/train/run_plan.h"
#include "core/train/snapshot.h"
#include "core/train/train_step.h"

namespace convoy {

struct TrainerParts {
  const Config& config;
  Device& device;
  const Mesh& mesh;
  BatchSource& source;
  Graph graph;  // ends in losses; inputs named as the source's fields
  int64_t virtual_ranks = 1;
  GradientSyncMaker gradient_sync;
  CheckpointStore* checkpoints = nullptr;               // absent: nothing is saved; rollbacks go to the initial weights
  std::map<std::string, std::string> checkpoint_files;  // the first rank's: config.json, config.yaml, the tokenizer's
  std::vector<TrainingObserver*> observers;             // on rank 0
  std::function<StopRequest()> poll_stop;               // absent: never
  DebugChecks::Print debug_print;                       // present: a debug run
  int64_t debug_from_step = 0;                          // the first step that it checks
  std::vector<std::string> class_names;                 // where targets are classes that have names
  std::string who;                                      // this rank's host and device, where an error must name them
  std::vector<SampleSkip> skips;                        // of a replay: where the run went on after it had gone back
  // Opens the checkpoint whose weights a new run begins with; absent: they are drawn by the seed.
  // Collective, as the next.
  std::function<std::unique_ptr<CheckpointReader>()> begin_with;
  // Opens the checkpoint of the model beneath the graph's adapters, for every start; then nothing is begun with.
  std::function<std::unique_ptr<CheckpointReader>()> base;
  std::string operator_choices;          // of the run so far, as a checkpoint has them; empty: none
  std::unique_ptr<Optimizer> optimizer;  // absent: the config's
  std::unique_ptr<Schedule> schedule;    // absent: the config's
};

enum class TrainingOutcome {
  finished,           // all steps done
  stopped_at,         // train.stop_at reached, saved
  stopped_by_signal,  // saved
  stopped_early,      // evaluate.patience is at its end, saved
};

// What every rank throws at the same place where a checkpoint, of which nothing bad was known, cannot be read: another
// may do. The Trainer is of no more use.
class DamagedCheckpoint : public SharedError {
 public:
  DamagedCheckpoint(std::filesystem::path folder, const std::string& message)
      : SharedError(ExitCode::bad_checkpoint, message), folder_(std::move(folder)) {}
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

class Trainer {
 public:
  explicit Trainer(TrainerParts parts);
  ~Trainer();

  // Collective. Before run(): goes on from this checkpoint instead of from initial weights. What it reads is verified
  // meanwhile: throws DamagedCheckpoint.
  void resume(const CheckpointReader& checkpoint);
  // Collective. Allocates what lives as long as the run, reads what evaluations read and waits for those
  // of the first step. Throws on every rank if one rank's data cannot be read; after this the first step comes.
  void prepare();
  // Collective; prepares if nobody did. If some rank cannot read what its next step needs, saves what is there and
  // throws on every rank.
  TrainingOutcome run();

  // Of a run that stopped early.
  std::string why_stopped() const { return best_.why(); }

  // Collective. This rank's part of the training state, as a checkpoint would hold it; good until the next step. After
  // a run whose best checkpoint was not its last, the weights are the best ones.
  CheckpointContents state() { return snapshot_.take(); }

  Model& model() { return model_; }
  const TrainingPosition& position() const { return position_; }
  const RunLength& length() const { return length_; }
  const std::vector<std::string>& class_names() const { return p_.class_names; }
  // As planned from shapes, before anything was allocated.
  const RunPlan& plan() const { return plan_; }

 private:
  Model make_model();
  void settle_operators();
  void allocate();
  std::unique_ptr<Evaluator> make_evaluator();
  void initialise_weights();
  void check_allocated() const;
  void take_over(const TrainingPosition& position);
  [[noreturn]] void end_without_data();
  void check_next_data(const std::string& advice);
  bool step();                      // false: the run went back
  bool evaluate_if_due(bool last);  // true: it is the best so far
  bool evaluate();
  void tell_schedule(const EvaluationMetrics& evaluation);
  bool tell_best(const EvaluationMetrics& evaluation);
  void check_evaluations() const;
  void check_watch() const;
  void catch_up_evaluation();
  void evaluate_finally();
  void restore_best();
  StopRequest request_here(int64_t step);
  void save(bool wait);
  void restore(const CheckpointReader& checkpoint);
  // Collective: a part of the parameters is read or drawn by each rank, then brought together.
  void fill_parameters(std::string what, const std::function<void(ParameterFiller&)>& part);
  // Collective: this rank's part of what all do with files (core/comm/work_together.h).
  void with_files(std::string what, const std::function<void()>& part);
  void await_checkpoint();
  EvaluationRange validation() const { return {Split::validation, evaluated_batches(p_.config)}; }
  // The config wants evaluations, and there is something in the split.
  bool evaluates(Split split) const { return convoy::evaluates(p_.config) && p_.source.samples(split) > 0; }
  // For its patience, or for checkpoint.keep_best.
  bool keeps_best() const {
    return evaluates(Split::validation) && (p_.config.evaluate.patience > 0 || p_.config.checkpoint.keep_best > 0);
  }
  bool ends_with_evaluation() const {
    return evaluates(Split::test) || (evaluates(Split::validation) && p_.config.evaluate.patience > 0);
  }
  bool goes_on() const { return position_.step < length_.steps() && !(keeps_best() && best_.exhausted()); }
  StepMetrics metrics(const StepResult& result, double lr, double step_ms);
  bool guard(const LossGuard::Finding& finding, double loss);
  void roll_back(const std::string& why, double loss);
  void restore_rollback_point(int64_t spike_step);
  void resume_before(int64_t spike_step, int64_t wanted);
  void restart();
  void tell_data_change();

  TrainerParts p_;
  const RunLength length_;
  std::unique_ptr<Stream> compute_, communication_stream_;
  Communication communication_;               // along the shard axis
  const size_t device_before_, host_before_;  // bytes that were allocated
  RunPlan plan_;
  Model model_;
  OptimizerStep optimizer_;
  UpdatedWeights weights_;
  AveragedWeights averages_;
  WeightGatherer gatherer_;
  Snapshot snapshot_;
  LossGuard guard_;
  EarlyStopping best_;
  SampleSchedule samples_;
  std::vector<std::unique_ptr<GradientSync>> syncs_;  // of each group of parameters that is trained
  std::unique_ptr<Prefetcher> prefetcher_;
  std::unique_ptr<DebugChecks> debug_;
  std::unique_ptr<TrainStep> train_step_;
  std::unique_ptr<Evaluator> evaluator_;  // null where nothing is evaluated
  TrainingPosition position_;
  StopRequest request_;
  bool resumed_ = false, out_of_data_ = false;
  int64_t evaluated_step_ = -1, saved_step_ = -1;
  std::chrono::steady_clock::time_point saved_at_;  // or begun
  int64_t tokens_per_step_ = 0;
};

}  // namespace convoy
