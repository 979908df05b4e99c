#include "core/config/config.h"

#include <fmt/format.h>

#include "core/base/integers.h"
#include "core/metrics/training_events.h"

namespace convoy {

namespace {

// every_epochs is given, and so is every_steps.
void told_twice(Keys& keys, const Auto& every_steps, int64_t every_epochs) {
  keys.contradiction({"every_epochs", "every_steps"}, [every_steps, every_epochs](const std::string& path) {
    return fmt::format(
        "{0}every_epochs = {1}, but {0}every_steps = {2} counts in steps; write {0}every_steps=auto, or leave "
        "{0}every_epochs out",
        path, every_epochs, *every_steps.value);
  });
}

}  // namespace

void describe(Keys& keys, RunConfig& c) {
  keys(incidental("dir"), c.dir, "folder", "where the run writes everything; never overwritten without resume",
       Allowed::path());
  keys("seed", c.seed, "", "of initial weights, data order and dropout", Allowed::any());
  keys(incidental("resume"), c.resume, "",
       "never: a run that exists is an error; auto: go on if there is something; must: go on or fail");
}

void describe(Keys& keys, ModelConfig& c) {
  KeyName from = sparse("from");
  // Of an adapter's base the checkpoint tells which weights it must have, wherever they lie.
  from.effect = c.adapter.is_there() ? Effect::none : Effect::binds;
  keys(from, c.from, "folder",
       "a model, checkpoint or run to begin with: its weights, and its family and sizes where they are not given here",
       Allowed{.max_length = 4095});
  keys.section("adapter", c.adapter);
  keys.kind(binding("family"), c.family, "kind of model");
  if (c.adapter.is_there() && c.from.empty())
    keys.contradiction({"adapter.kind", "from"}, [&c](const std::string& path) {
      return fmt::format(
          "{0}adapter.kind = {1} trains beside the weights of a model, and {0}from names none; write "
          "{0}from=FOLDER, of a model, checkpoint or run, or {0}adapter.kind=none",
          path, c.adapter.kind.name());
    });
}

void describe(Keys& keys, AdapterConfig& c) {
  keys.kind(binding("kind"), c.kind, "what is trained in place of the weights that model.from names");
}

void describe(Keys& keys, LossConfig& c) {
  keys.kind("name", c.kind, "what training makes small, of families that leave it open");
}

void describe(Keys& keys, MixedSource& source) {
  keys("path", source.path, "folder", "as data.path", Allowed::path());
  keys("weight", source.weight, "", "its share of the training samples, beside the others' weights",
       Allowed::above_to(0, kMostReal));
}

void describe(Keys& keys, DataConfig& c) {
  keys("path", c.path, "folder", "HDF5 shards with a manifest, as `trainer data import-text` writes them",
       Allowed::path());
  keys(incidental("changed"), c.changed, "",
       "refuse; accept: this start goes on with, or replays, other data than the run's, of the same tokenizer");
  keys(incidental("prefetch"), c.prefetch, "micro-batches", "read ahead by the loader thread", Allowed::from(1, 1e6));
  keys(binding("pack"), c.pack, "",
       "several conversations or documents share a sequence where they fit, none seeing another; false: one in each");
  keys(binding("separate_documents"), c.separate_documents, "",
       "of texts that follow each other with end-of-text tokens between: attention stops there, positions begin anew");
  keys.list("mix", c.mix, "", "several datasets in place of path, each with its share of the samples");
  keys.kinds("augment", c.augment, AugmentationChoice(c.augmentation_kinds, c.augmentation_kinds.front().name), "",
             "what training changes in samples at random, one after the other");
}

void describe(Keys& keys, BatchConfig& c) {
  keys("micro", c.micro, "sequences", "per rank and pass", Allowed::from(1, kMostSequences));
  keys("global", c.global, "sequences", "per optimizer step over all ranks; a multiple of micro x virtual ranks",
       Allowed::from(1, kMostSequences));
  if (c.micro > 0 && c.global % c.micro != 0)
    keys.contradiction({"global", "micro"}, [&c](const std::string& path) {
      return fmt::format("{0}global = {1} is not a multiple of {0}micro = {2}; the next is {3}", path, c.global,
                         c.micro, round_up(c.global, c.micro));
    });
}

void describe(Keys& keys, TrainConfig& c) {
  static const std::string steps = fmt::format("optimizer steps in all; auto: {}, or as epochs say", c.kSteps);
  keys("steps", c.steps, "steps", steps, Allowed::from(1, kMostSteps));
  keys("epochs", c.epochs, "epochs", "walks through the training split, in place of steps; 0: as steps say",
       Allowed::from(0, 1e9));
  keys(incidental("stop_at"), c.stop_at, "step", "save and end this start after that step; 0: never",
       Allowed::from(0, kMostSteps));
  keys("clip_norm", c.clip_norm, "", "largest global norm of the gradients; 0: no clipping",
       Allowed::from(0, kMostReal));
  keys("ema_decay", c.ema_decay, "",
       "of a moving average of the weights, which evaluations, `eval` and `generate` then take; 0: none",
       Allowed::from_to_below(0, 1));
  keys("recompute", c.recompute, "",
       "none: keep all activations; block: keep block inputs and recompute the rest in backward");
  keys("cuda_graph", c.cuda_graph, "",
       "on CUDA, replay forward and backward as graphs recorded once; false: kernel by kernel");
  keys("products", c.products, "",
       "on CUDA, how matrix products are chosen: heuristic: as cuBLASLt says, at every start alike; timed: by their "
       "time, "
       "before a new run's first step, and kept in its checkpoints; auto: timed where parallel.reproducible is false");
  if (c.epochs > 0 && c.steps.value)
    keys.contradiction({"epochs", "steps"}, [&c](const std::string& path) {
      return fmt::format(
          "{0}epochs = {1} and {0}steps = {2} both say how long the run is; leave {0}steps out or write {0}steps=auto, "
          "or write {0}epochs=0",
          path, c.epochs, *c.steps.value);
    });
}

void describe(Keys& keys, OptimizerConfig& c) {
  keys.kind(binding("name"), c.kind, "how weights follow gradients");
  keys("state", c.state, "",
       "in which the optimizer keeps its states from step to step: f32, or bf16, rounded up or down by chance, which "
       "takes "
       "half the memory");
  keys(binding("layer_decay"), c.layer_decay, "",
       "times the learning rate for each layer, from the head, which has all of it, down to the embeddings; 1: all "
       "alike",
       Allowed::above_to(0, 1));
  keys.list("groups", c.groups, "", "parameters that are optimized otherwise");
}

void describe(Keys& keys, ScheduleConfig& c) { keys.kind("name", c.kind, "course of the learning rate"); }

void describe(Keys& keys, ParallelConfig& c) {
  keys("stage", c.stage, "",
       "what the ranks shard (ZeRO): 0 nothing, 1 optimizer state, 2 gradients too (kept whole while a rank adds up "
       "several passes), 3 weights too",
       Allowed::from(0, 3));
  keys("shard_ranks", c.shard_ranks, "ranks",
       "neighbours that hold one copy of what is sharded between them, other groups have another; auto: those of a "
       "node, or else as many as pad what is sent by less than 1%",
       Allowed::from(2, 1e6));
  keys("node_ranks", c.node_ranks, "ranks",
       "neighbours whose network is fast: what they have is added before it goes to others; auto: those of a machine",
       Allowed::from(1, 1e6));
  keys("bucket_bytes", c.bucket_bytes, "bytes", "gradients that are reduced together, in f32", Allowed::from(4, 1e12));
  keys("gradient_dtype", c.gradient_dtype, "", "f32 or bf16: how gradients are sent; sums are f32 either way");
  keys("reproducible", c.reproducible, "", "sum gradients in an order that does not depend on the number of ranks");
  keys("virtual_ranks", c.virtual_ranks, "",
       "leaves of the reduction tree, a multiple of the rank count; auto: ranks of the first start",
       Allowed::from(1, 1e6));
  keys(incidental("timeout_s"), c.timeout_s, "seconds",
       "a collective that takes longer ends the job with exit code 71; 0: never", Allowed::from(0, 1e9));
  keys("sentinel_every", c.sentinel_every, "steps",
       "between steps in which each rank checks a neighbour's gradients; 0: never", Allowed::from(0, kMostSteps));
  keys(incidental("threads"), c.threads, "threads",
       "of the CPU device per rank; auto: this rank's share of the machine", Allowed::from(1, 4096));
  keys(incidental("bind"), c.bind, "",
       "auto: ranks of a machine divide the cores they may all use, near their GPUs; none: as the system likes");
}

void describe(Keys& keys, EvaluateConfig& c) {
  static const std::string every_steps = fmt::format(
      "between evaluations on the validation split; 0: only at the end; auto: {}, or with train.epochs at the end of "
      "epochs",
      c.kEverySteps);
  keys("every_steps", c.every_steps, "steps", every_steps, Allowed::from(0, kMostSteps));
  keys("every_epochs", c.every_epochs, "epochs", "between evaluations, with train.epochs and every_steps = auto",
       Allowed::from(1, 1e9));
  static const std::string batches = fmt::format(
      "per evaluation, over all ranks together; 0: none, also without a validation split; auto: {}, or with "
      "train.epochs "
      "all",
      c.kBatches);
  keys("batches", c.batches, "micro-batches", batches, Allowed::from(0, 1e9));
  keys.kinds("metrics", c.metrics, MetricChoice(c.metric_kinds, c.metric_kinds.front().name), "",
             "beside the loss, as eval_NAME");
  keys("watch", c.watch, "", "what makes an evaluation the best: loss, or a metric's name", Allowed::text());
  keys("patience", c.patience, "evaluations",
       "in a row that are no better than the best end the run, whose best checkpoint stays; 0: it goes on",
       Allowed::from(0, 1e9));
  keys("min_delta", c.min_delta, "", "an evaluation is better only by more than that", Allowed::from(0, kMostReal));
  if (c.every_epochs != 1 && c.every_steps.value) told_twice(keys, c.every_steps, c.every_epochs);
  if (c.patience > 0 && c.batches.value == 0)
    keys.contradiction({"patience", "batches"}, [&c](const std::string& path) {
      return fmt::format(
          "{0}patience = {1}, but {0}batches = 0 evaluates nothing; write {0}batches=auto, or {0}patience=0", path,
          c.patience);
    });
}

void describe(Keys& keys, CheckpointConfig& c) {
  static const std::string every_steps = fmt::format(
      "between checkpoints; 0: only at the end; auto: {}, or with train.epochs at the end of epochs", c.kEverySteps);
  keys(incidental("every_steps"), c.every_steps, "steps", every_steps, Allowed::from(0, kMostSteps));
  keys(incidental("every_epochs"), c.every_epochs, "epochs",
       "between checkpoints, with train.epochs and every_steps = auto; auto: 1, but five seconds at the least",
       Allowed::from(1, 1e9));
  keys(incidental("keep_last"), c.keep_last, "checkpoints", "older ones are removed; 0: keep all",
       Allowed::from(0, 1e9));
  keys(
      incidental("keep_best"), c.keep_best, "checkpoints",
      "besides those, the ones whose last evaluation was best (evaluate.watch), for each evaluation the first saved at "
      "it or after it; 0: none",
      Allowed::from(0, 1e9));
  keys(incidental("keep_every"), c.keep_every, "steps", "besides those, the ones at multiples of this; 0: none",
       Allowed::from(0, kMostSteps));
  keys(incidental("at_end"), c.at_end, "",
       "also after the last step; false: for measurements, whose weights nobody wants. What a signal or train.stop_at "
       "ends is saved all the same");
  keys(incidental("timeout_s"), c.timeout_s, "seconds",
       "that ranks wait for each other's work on files: a checkpoint to be read, verified or written, data to be "
       "opened; longer ends the job with exit code 71; 0: as long as it takes",
       Allowed::from(0, 1e9));
  keys(incidental("file_bytes"), c.file_bytes, "bytes",
       "larger models are saved in several files with an index, by several ranks, as Hugging Face's are; with "
       "train.ema_decay always in one",
       Allowed::from(1, 1e15));
  if (c.every_epochs.value && c.every_steps.value) told_twice(keys, c.every_steps, *c.every_epochs.value);
}

void describe(Keys& keys, GuardConfig& c) {
  keys("spike_sigma", c.spike_sigma, "",
       "a loss this many standard deviations above the mean of the last steps is reported; 0: none is",
       Allowed::from(0, 1e6));
  keys("window_steps", c.window_steps, "steps", "that a loss is measured against", Allowed::from(2, 1e6));
  keys("rollback", c.rollback, "",
       "after a spike go back to the last checkpoint that checkpoint.every_steps made, and on with samples not yet "
       "seen");
  keys("max_rollbacks", c.max_rollbacks, "rollbacks", "of a run; the spike after that many ends it",
       Allowed::from(1, 1e9));
  keys("max_skipped_steps", c.max_skipped_steps, "steps",
       "so many in a row whose gradients are not finite end the run; 0: never", Allowed::from(0, kMostSteps));
  if (c.rollback && c.spike_sigma == 0)
    keys.contradiction({"rollback", "spike_sigma"}, [](const std::string& path) {
      return fmt::format(
          "{0}rollback = true, but {0}spike_sigma = 0 looks for no spikes; set it, to 6 for example, or write "
          "{0}rollback=false",
          path);
    });
}

void describe(Keys& keys, LogConfig& c) {
  keys(incidental("every_steps"), c.every_steps, "steps", "between lines of the plain log",
       Allowed::from(1, kMostSteps));
  keys(incidental("tensorboard"), c.tensorboard, "", "write TensorBoard events into the run folder");
  keys(incidental("profile_steps"), c.profile_steps, "steps",
       "time each operator of so many steps, from the fourth of a start on, into profile.txt and profile.json; no CUDA "
       "graphs meanwhile",
       Allowed::from(0, kMostSteps));
}

const char* counted_unit(const Config& config) {
  return config.model.family->context() > 0 && config.loss.kind->preference() == nullptr ? kTokens : kSamples;
}

void describe(Keys& keys, Config& c) {
  keys.section("run", c.run);
  keys(incidental("device"), c.device, "", "auto: a GPU where there is one, else the CPU");
  keys(binding("precision"), c.precision, "",
       "f32; tf32: f32 whose products on CUDA round operands to 10 bits; bf16 with f32 master weights");
  keys.section("model", c.model);
  keys.section("data", c.data);
  keys.section("loss", c.loss);
  keys.section("batch", c.batch);
  keys.section("train", c.train);
  keys.section("optimizer", c.optimizer);
  keys.section("schedule", c.schedule);
  keys.section("parallel", c.parallel);
  keys.section("evaluate", c.evaluate);
  keys.section("checkpoint", c.checkpoint);
  keys.section("guard", c.guard);
  keys.section("log", c.log);
}

}  // namespace convoy
