#include "tests/support/toy_run.h"

#include <algorithm>
#include <array>

#include "comm/gradient_sync.h"
#include "comm/local/thread_communicator.h"
#include "comm/simulated/counting_communicator.h"
#include "comm/simulated/lone_communicator.h"
#include "comm/simulated/step_traffic.h"
#include "core/checkpoint/open_together.h"
#include "core/config/precision.h"
#include "core/optimizer/schedule_makers.h"
#include "core/train/make_mesh.h"
#include "kernels/cpu/cpu_device.h"
#include "kernels/cpu/team.h"
#include "tests/support/memory_source.h"

namespace convoy::test {

namespace {

constexpr int64_t kVocabulary = 29;

class Recorder final : public TrainingObserver {
 public:
  Recorder(ToyResult& result, Device& device, const simulated::CountingCommunicator& communicator)
      : result_(result), device_(device), communicator_(communicator) {}
  void on_step(const StepMetrics& m) override {
    result_.losses.push_back(m.loss);
    result_.grad_norms.push_back(m.grad_norm);
    result_.learning_rates.push_back(m.lr);
    result_.sent_bytes.push_back(communicator_.least_bytes());
    if (first_step_allocations_ < 0) first_step_allocations_ = device_.allocations();
    result_.allocations_after_first_step = device_.allocations() - first_step_allocations_;
  }
  void on_evaluation(const EvaluationMetrics& m) override { result_.evaluations.push_back(m); }
  void on_final(const FinalMetrics& m) override { result_.finals.push_back(m); }
  void on_data_change(const DataChangeMetrics& m) override { result_.data_changes.push_back(m); }
  void on_rollback(const RollbackMetrics& m) override {
    result_.rollbacks.push_back(m);
    for (std::vector<double>* values : {&result_.losses, &result_.grad_norms, &result_.learning_rates})
      values->resize(values->size() - std::min(values->size(), static_cast<size_t>(m.from_step - m.step)));
  }

 private:
  ToyResult& result_;
  Device& device_;
  const simulated::CountingCommunicator& communicator_;
  int64_t first_step_allocations_ = -1;
};

class ToySource final : public BatchSource {
 public:
  ToySource(int64_t T, const ToyParts& parts) : memory_(T, kVocabulary), parts_(parts) {}
  const std::vector<BatchField>& fields() const override { return memory_.fields(); }
  int64_t samples(Split split) const override {
    if (split == Split::test) return parts_.test_samples;
    if (split == Split::train && parts_.training_samples >= 0) return parts_.training_samples;
    return split == Split::validation && parts_.validation_samples >= 0 ? parts_.validation_samples
                                                                        : memory_.samples(split);
  }
  bool every_target_counts() const override { return parts_.ignored == nullptr; }
  std::string identity() const override { return parts_.identity; }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override {
    if (parts_.before_sample)
      for (int64_t sample = first; sample < first + count; ++sample) parts_.before_sample(split, sample);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t sample = split == Split::train && parts_.sample_at ? parts_.sample_at(first + i) : first + i;
      const std::array row{out[0].rows(i, 1), out[1].rows(i, 1)};
      memory_.read(split, sample, 1, row);
      if (split == Split::train) change_targets(first + i, row[1]);
    }
  }

 private:
  void change_targets(int64_t sample, const Tensor& targets) const {
    const bool mislabelled = parts_.mislabelled && parts_.mislabelled(sample);
    for (int64_t t = 0; t < targets.elements(); ++t) {
      int32_t& target = targets.as<int32_t>()[t];
      if (mislabelled) target = (target + 11) % static_cast<int32_t>(kVocabulary);
      if (parts_.ignored && parts_.ignored(sample, t)) target = -1;
    }
  }

  MemorySource memory_;
  const ToyParts& parts_;
};

std::unique_ptr<CheckpointStore> make_store(const ToyParts& parts, Communicator& communicator) {
  if (parts.checkpoints.empty()) return nullptr;
  const CheckpointStoreOptions options{.folder = parts.checkpoints,
                                       .nonce = "toy",
                                       .keep_last = 1,
                                       .ranks_per_file = std::min(parts.cluster.node_ranks, communicator.size())};
  if (communicator.rank() == 0) CheckpointStore::check_writable(options);
  return std::make_unique<CheckpointStore>(communicator, options);
}

void run_rank(const Config& config, Communicator& ranks, const ToyParts& parts, ToyResult& result) {
  const ObservedFiles observed(parts.observe_files ? parts.observe_files(ranks.rank()) : file_observer());
  simulated::CountingCommunicator communicator(ranks, parts.cluster);
  const std::unique_ptr<Device> device =
      parts.make_device ? parts.make_device(communicator.rank()) : cpu::make_cpu_device(1);
  ToySource source(config.model.family->context(), parts);
  const std::unique_ptr<CheckpointStore> store = make_store(parts, communicator);
  Recorder recorder(result, *device, communicator);
  Gpt2Config gpt2 = config.model.family.as<Gpt2Family>()->sizes;
  gpt2.vocabulary = kVocabulary;
  gpt2.dtype = compute_dtype(config.precision);
  const Mesh mesh = make_mesh(config.parallel, communicator);
  Trainer trainer({.config = config,
                   .device = *device,
                   .mesh = mesh,
                   .source = source,
                   .graph = parts.graph ? parts.graph(gpt2, config.batch.micro)
                                        : gpt2_loss_graph(gpt2, config.batch.micro, gpt2.context),
                   .virtual_ranks = config.parallel.virtual_ranks.value_or(communicator.size()),
                   .gradient_sync = gradient_sync_maker(),
                   .checkpoints = store.get(),
                   .observers = {&recorder},
                   .poll_stop = parts.poll_stop,
                   .who = "test host",
                   .skips = parts.skips,
                   .optimizer = parts.optimizer ? parts.optimizer() : nullptr,
                   .schedule = parts.schedule ? parts.schedule() : nullptr});
  if (parts.resume) trainer.resume(*find_together(communicator, parts.checkpoints, 0));
  result.outcome = trainer.run();
  result.communicated_bytes = communicator.bytes_by_label();
  result.traffic = communicator.by_label();
  const CheckpointContents state = trainer.state();
  if (communicator.rank() != 0) return;
  result.position = trainer.position();
  result.planned_sent_bytes = trainer.plan().sent_bytes;
  const SampleSchedule schedule{config.batch.global, config.batch.micro,
                                config.parallel.virtual_ranks.value_or(communicator.size()), communicator.size()};
  const RankFacts facts{.ranks = communicator.size(),
                        .mesh = mesh.shape(),
                        .virtual_ranks = schedule.virtual_ranks,
                        .every_target_counts = source.every_target_counts()};
  result.planned_traffic =
      simulated::step_traffic(parts.cluster, facts, trainer.model().plan(), trainer.plan(), schedule.passes_per_step());
  result.communication_bytes = trainer.plan().memory.communication;
  for (const GradientSyncPlan& sync : trainer.plan().gradient_syncs)
    for (const GradientBucket& bucket : sync.buckets) result.bucket_bytes += bucket.values.bytes();
  result.planned_bytes = trainer.plan().memory.on_device();
  result.allocated_bytes = device->allocated_bytes(MemoryKind::device);
  for (const NamedTensor& weight : state.weights)
    result.weights.insert(result.weights.end(), weight.tensor.as<std::byte>(),
                          weight.tensor.as<std::byte>() + weight.tensor.bytes());
}

}  // namespace

Gpt2Config& gpt2_of(Config& config) { return config.model.family.as<Gpt2Family>()->sizes; }

Config toy_config() {
  Config config;
  gpt2_of(config) = {.layers = 2, .heads = 2, .channels = 16, .context = 12};
  config.batch = {.micro = 2, .global = 16};
  config.train = {.steps = 12};
  config.schedule.kind.as<CosineMaker>()->warmup_steps = 3;
  config.parallel.virtual_ranks.value = 4;
  config.parallel.bucket_bytes = 4096;
  config.evaluate = {.every_steps = 0, .batches = 5};
  return config;
}

ToyResult toy_run(const Config& given, int ranks, const ToyParts& parts) {
  Config config = given;
  if (!parts.groups.empty()) config.optimizer.groups = parts.groups;
  std::vector<ToyResult> results(static_cast<size_t>(ranks));
  on_threads(ranks, [&](Communicator& communicator) {
    cpu::Team::resize(1);
    run_rank(config, communicator, parts, results[static_cast<size_t>(communicator.rank())]);
  });
  return std::move(results[0]);
}

ToyResult lone_toy_run(const Config& given, int ranks, const ToyParts& parts) {
  Config config = given;
  if (!parts.groups.empty()) config.optimizer.groups = parts.groups;
  const auto lone = simulated::make_lone_communicator(0, ranks, parts.cluster.node_ranks);
  ToyResult result;
  run_rank(config, *lone, parts, result);
  return result;
}

}  // namespace convoy::test
