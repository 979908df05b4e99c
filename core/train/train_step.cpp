#include "core/train/train_step.h"

#include <cmath>

#include "core/base/tree_sum.h"
#include "core/data/host_fields.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {
constexpr size_t kLossAlignment = 256;
constexpr size_t kFlags = 3;  // that ranks exchange with their losses: save, stop, out of data
}  // namespace

size_t TrainStep::planned_bytes(int64_t virtual_ranks_here) {
  return kLossAlignment + static_cast<size_t>(virtual_ranks_here) * sizeof(float);
}

TrainStep::TrainStep(const Parts& parts)
    : p_(parts), device_(p_.communication.device()), communicator_(p_.ranks), compute_(p_.communication.compute()) {
  const int64_t leaves = p_.schedule.virtual_ranks_here();
  memory_ = device_.allocate(planned_bytes(leaves));
  first_sample_ = {memory_.data(), DType::i64, {1}};
  losses_ = {static_cast<std::byte*>(memory_.data()) + kLossAlignment, DType::f32, {leaves}};
  results_on_host_ = device_.allocate(static_cast<size_t>(leaves + 2) * 4, MemoryKind::host);
  const int64_t losses_per_pass = p_.model.training().result().elements();
  const int64_t passes = p_.schedule.global_batch / p_.schedule.micro_batch;
  loss_scale_ = static_cast<float>(1.0 / static_cast<double>(losses_per_pass * passes));
  for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.training().input(field.name));
  pass_ = std::make_unique<Pass>(Pass{.ops = device_.ops(), .stream = compute_, .training = true, .seed = p_.seed});
  pass_->first_sample = first_sample_;
  pass_->traffic = &p_.traffic;
  pass_->loss_scale = loss_scale_;
  if (p_.record && p_.debug == nullptr)
    recorded_ = std::make_unique<RecordedProgram>(device_, p_.model.training(), *pass_, p_.sync.cuts());
  if (p_.sentinel_every > 0) make_sentinel();
  mine_.resize(static_cast<size_t>(leaves) + kFlags);
  everyones_.resize(mine_.size() * static_cast<size_t>(communicator_.size()));
}

void TrainStep::make_sentinel() {
  sentinel_ = std::make_unique<Sentinel>(Sentinel::Parts{
      .communication = p_.communication,
      .ranks = p_.ranks,
      .training = p_.model.training(),
      .source = p_.source,
      .schedule = p_.schedule,
      .buckets = p_.buckets,
      .flat_gradients = p_.model.parameters().gradients(),
      .pass = *pass_,
      .inputs = inputs_,
      .every_steps = p_.sentinel_every,
      .who = p_.who,
  });
}

StepResult TrainStep::run(int64_t step, double lr, const StopRequest& mine, bool another) {
  p_.traffic.begin_step(step);
  debug_ = step >= p_.debug_from_step ? p_.debug : nullptr;
  const bool watched = sentinel_ != nullptr && sentinel_->due(step);
  if (watched) sentinel_->check_neighbour(step);
  hash_ = watched ? &sentinel_->own() : nullptr;
  for (int64_t index = 0; index < p_.schedule.virtual_ranks_here(); ++index) run_virtual_rank(step, index);
  p_.sync.finish();
  if (watched) sentinel_->judge(step);
  p_.optimizer.step(step, lr, recorded_ != nullptr);
  p_.weights.run(step);
  wait_for_results();
  p_.data.release();
  return exchange_results(mine, !another || p_.data.wait_for_step());
}

void TrainStep::go_on(const SampleSchedule& schedule) {
  p_.schedule = schedule;
  if (sentinel_ != nullptr) sentinel_->go_on(schedule);
}

void TrainStep::run_virtual_rank(int64_t step, int64_t index) {
  p_.sync.begin(step);
  ready_from_ = p_.model.layout().padded_elements();
  const int64_t passes = p_.schedule.passes_per_virtual_rank();
  if (debug_ != nullptr) debug_->print_next_pass(index == 0 && (step - 1) % p_.debug_print_every == 0);
  for (int64_t pass = 0; pass < passes; ++pass) run_pass(pass, pass == passes - 1, losses_.range(index, 1));
  p_.sync.end();
}

void TrainStep::run_pass(int64_t pass, bool last, const Tensor& loss) {
  load(p_.data.next());
  if (!recorded_)
    run_unrecorded(last);
  else if (last)
    recorded_->run([this](int64_t final_from) { ready(final_from); });
  else
    recorded_->run();
  if (hash_ != nullptr) hash_->add(0);
  hash_ = nullptr;
  device_.ops().run(compute_, Sum{loss, p_.model.training().result(), loss_scale_, pass > 0});
}

void TrainStep::run_unrecorded(bool last) {
  if (debug_ != nullptr) debug_->begin();
  p_.model.training().run(*pass_, [&](const BoundAction& action) {
    if (debug_ != nullptr) debug_->after(action);
    if (last) ready(action.final_from);
  });
}

void TrainStep::ready(int64_t final_from) {
  if (final_from >= ready_from_) return;
  if (hash_ != nullptr) hash_->add(final_from);
  p_.sync.ready(final_from, ready_from_);
  ready_from_ = final_from;
}

void TrainStep::load(const HostBatch& batch) {
  copy_fields(compute_, inputs_, batch.fields);
  compute_.copy(first_sample_.data, batch.first_sample.data, first_sample_.bytes());
}

void TrainStep::wait_for_results() {
  auto* host = static_cast<float*>(results_on_host_.data());
  const auto leaves = static_cast<size_t>(losses_.elements());
  compute_.copy(host, losses_.data, losses_.bytes());
  compute_.copy(host + leaves, p_.optimizer.norm_and_factor().data, 2 * sizeof(float));
  compute_.synchronize();
}

StepResult TrainStep::exchange_results(const StopRequest& request, bool can_go_on) {
  const auto* host = static_cast<const float*>(results_on_host_.data());
  const auto leaves = static_cast<size_t>(losses_.elements());
  for (size_t i = 0; i < leaves; ++i) mine_[i] = static_cast<double>(host[i]);
  mine_[leaves] = request.save ? 1 : 0;
  mine_[leaves + 1] = request.stop ? 1 : 0;
  mine_[leaves + 2] = can_go_on ? 0 : 1;
  communicator_.all_gather_host(everyones_.data(), mine_.data(), mine_.size() * sizeof(double));

  StepResult result;
  result.grad_norm = static_cast<double>(host[leaves]);
  result.skipped = !std::isfinite(result.grad_norm);
  size_t kept = 0;  // losses of all ranks, packed to the front in place
  for (size_t begin = 0; begin < everyones_.size(); begin += mine_.size()) {
    result.request.save |= everyones_[begin + leaves] != 0;
    result.request.stop |= everyones_[begin + leaves + 1] != 0;
    result.out_of_data |= everyones_[begin + leaves + 2] != 0;
    for (size_t i = 0; i < leaves; ++i) everyones_[kept++] = everyones_[begin + i];
  }
  result.loss = tree_sum({everyones_.data(), kept});
  return result;
}

}  // namespace convoy
