#include "comm/gradient_sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <vector>

#include "comm/bucket_reduction.h"
#include "comm/reduction_tree.h"
#include "comm/virtual_rank_sum.h"
#include "core/base/error.h"
#include "core/comm/bytes_sent.h"
#include "core/parameters/sharding.h"

namespace convoy {
namespace {

bool keeps_shards(const GradientSyncPlan& plan) {
  return !plan.buckets.empty() && static_cast<bool>(plan.buckets[0].own_sum);
}

void check(const GradientSyncPlan& plan) {
  if (plan.wire != DType::f32 && plan.wire != DType::bf16)
    throw ConfigError(fmt::format("gradients cannot be sent as {}; f32 and bf16 can", name_of(plan.wire)));
  const int ranks = plan.ranks.ranks() * plan.groups.ranks();
  check_virtual_ranks(plan.virtual_ranks, ranks, plan.reproducible);
  if (plan.groups.ranks() > 1 && !keeps_shards(plan))
    throw InternalError("groups of ranks without shards of their own");
  for (const GradientBucket& bucket : plan.buckets)
    if (!keeps_order(plan) && bucket.own_sum &&
        bucket.own_sum.elements() * plan.ranks.ranks() != bucket.values.elements())
      throw InternalError("a bucket that is no whole number of shards");
  for (const GradientBucket& bucket : plan.buckets)
    if (bucket.values.dtype != DType::f32)
      throw InternalError(fmt::format("gradients are {}; f32 is summed", name_of(bucket.values.dtype)));
}

int64_t leaves_per_rank(const GradientSyncPlan& plan) {
  return plan.virtual_ranks / (int64_t{plan.ranks.ranks()} * plan.groups.ranks());
}

// Leaves that VirtualRankSum has to add; where bits may depend on the rank count, they add up in the gradients.
int64_t leaves_in_tree(const GradientSyncPlan& plan) { return plan.reproducible ? leaves_per_rank(plan) : 1; }

bool exchanges_shards(const GradientSyncPlan& plan) {
  return plan.ranks.ranks() > 1 && (keeps_order(plan) || keeps_shards(plan));
}

int64_t elements(const GradientSyncPlan& plan) { return plan.buckets.empty() ? 0 : plan.buckets[0].end; }

int64_t largest(const GradientSyncPlan& plan) {
  int64_t most = 0;
  for (const GradientBucket& bucket : plan.buckets) most = std::max(most, bucket.elements());
  return most;
}

GradientSyncPlan checked(const GradientSyncPlan& plan, const LeveledGroup& ranks, const LeveledGroup* replicas) {
  check(plan);
  if (plan.ranks != ranks.levels() || plan.groups != (replicas == nullptr ? Levels() : replicas->levels()))
    throw InternalError(fmt::format("gradients planned for {} groups of {} ranks, not for those that are there",
                                    plan.groups.ranks(), plan.ranks.ranks()));
  if (!plan.gradients && leaves_per_rank(plan) > 1)
    throw InternalError("a rank's virtual ranks are added in flat gradients; buckets of their own take one");
  return plan;
}

class BucketedGradientSync final : public GradientSync {
 public:
  BucketedGradientSync(const GradientSyncPlan& plan, Communication& communication, const LeveledGroup* replicas);
  ~BucketedGradientSync() override;

  std::vector<int64_t> cuts() const override;
  void begin(int64_t step) override;
  void ready(int64_t begin, int64_t end) override;
  void end() override;
  void finish() override;

 private:
  void require(bool holds, const char* what) const;
  bool is_last_leaf() const { return leaf_ == leaves_ - 1; }
  void reduce(size_t bucket);

  const GradientSyncPlan plan_;
  const int64_t leaves_;  // per step on this rank
  const int64_t elements_;
  const Tensor gradients_;  // absent if each bucket has memory of its own
  Communication& communication_;
  Stream& compute_;
  Communicator& communicator_;
  const LeveledGroup* const replicas_;
  std::vector<std::string> labels_;              // per bucket
  std::vector<std::unique_ptr<Event>> reduced_;  // per bucket
  VirtualRankSum virtual_ranks_;
  std::optional<BucketReduction> exchange_;  // absent: one call of the library does
  std::vector<std::unique_ptr<RegisteredMemory>> registered_;

  int64_t step_ = 0;
  int64_t leaf_ = 0;
  bool in_leaf_ = false;
  int64_t lowest_ready_ = 0;
  size_t next_bucket_ = 0;
  bool in_flight_ = false;
  const int exceptions_before_ = std::uncaught_exceptions();
};

BucketedGradientSync::BucketedGradientSync(const GradientSyncPlan& plan, Communication& communication,
                                           const LeveledGroup* replicas)
    : plan_(checked(plan, communication.group(), replicas)),
      leaves_(leaves_per_rank(plan_)),
      elements_(elements(plan_)),
      gradients_(plan.gradients),
      communication_(communication),
      compute_(communication_.compute()),
      communicator_(communication_.communicator()),
      replicas_(replicas),
      virtual_ranks_(communication_.device(), compute_, gradients_, leaves_in_tree(plan_), plan_.wire, largest(plan_)) {
  if (exchanges_shards(plan_)) exchange_.emplace(plan_, communication_, replicas);
  for (size_t i = 0; i < plan_.buckets.size(); ++i) {
    labels_.push_back(fmt::format("gradient bucket {} of {}{}", i + 1, plan_.buckets.size(), plan_.group));
    reduced_.push_back(communication_.device().make_event());
  }
  if (plan_.ranks.ranks() == 1) return;
  if (gradients_) registered_ = communication_.group().register_memory(gradients_.data, gradients_.bytes());
}

// An exception may leave a step half done. The communication stream then still works on these buffers and may wait for
// ever for ranks that wait for this one; ending the job is all that is left. Between steps it may still work on them
// too, where compute does not wait in the caller, but every rank has its part under way.
BucketedGradientSync::~BucketedGradientSync() {
  if (in_flight_ && std::uncaught_exceptions() > exceptions_before_)
    communicator_.abort(ExitCode::internal, fmt::format("an exception left step {} with reductions in flight", step_));
  if (plan_.ranks.ranks() == 1) return;
  try {
    communication_.stream().synchronize();
  } catch (const std::exception& error) {
    if (in_flight_) communicator_.abort(ExitCode::internal, error.what());
    // Otherwise the wait in finish() has told it.
  }
}

void BucketedGradientSync::require(bool holds, const char* what) const {
  if (!holds)
    throw InternalError(
        fmt::format("GradientSync at step {}, virtual rank {} of {}, elements from {} of {} ready: {}; the order is "
                    "begin, ready in "
                    "descending order, end for each virtual rank, then finish",
                    step_, leaf_, leaves_, lowest_ready_, elements_, what));
}

// Nothing is sent by a rank alone, so nothing gains by being ready early.
std::vector<int64_t> BucketedGradientSync::cuts() const {
  if (plan_.ranks.ranks() == 1) return {};
  std::vector<int64_t> cuts;
  for (const GradientBucket& bucket : plan_.buckets) cuts.push_back(bucket.begin);
  return cuts;
}

void BucketedGradientSync::begin(int64_t step) {
  require(!in_leaf_, "begin before end");
  require(leaf_ < leaves_, "begin once more than there are virtual ranks");
  step_ = step;
  in_leaf_ = true;
  lowest_ready_ = elements_;
  next_bucket_ = 0;
  if (gradients_ && (leaf_ == 0 || plan_.reproducible)) compute_.zero(gradients_.data, gradients_.bytes());
}

void BucketedGradientSync::ready(int64_t begin, int64_t end) {
  require(in_leaf_, "ready before begin");
  require(begin >= 0 && begin <= end && end == lowest_ready_,
          "ready with a range that does not end where the last began");
  lowest_ready_ = begin;
  if (!is_last_leaf()) return;
  while (next_bucket_ < plan_.buckets.size() && plan_.buckets[next_bucket_].begin >= lowest_ready_)
    reduce(next_bucket_++);
}

void BucketedGradientSync::reduce(size_t index) {
  const GradientBucket& bucket = plan_.buckets[index];
  virtual_ranks_.finish(bucket.begin, bucket.end);
  if (plan_.ranks.ranks() == 1) return;
  communication_.follow_compute();
  communication_.group().label(step_, labels_[index]);
  if (replicas_ != nullptr) replicas_->label(step_, labels_[index]);
  in_flight_ = true;
  if (exchange_)
    exchange_->run(bucket);
  else
    communicator_.all_reduce(communication_.stream(), bucket.values);
  communication_.stream().record(*reduced_[index]);
  if (!gradients_ && index >= kReductionsUnderWay) communication_.await(*reduced_[index - kReductionsUnderWay]);
}

void BucketedGradientSync::end() {
  require(in_leaf_ && lowest_ready_ == 0, "end before all elements are ready");
  if (!is_last_leaf() && plan_.reproducible) virtual_ranks_.store();
  in_leaf_ = false;
  ++leaf_;
}

void BucketedGradientSync::finish() {
  require(!in_leaf_ && leaf_ == leaves_, "finish before the last virtual rank's end");
  leaf_ = 0;
  virtual_ranks_.restart();
  if (plan_.ranks.ranks() == 1) return;
  communicator_.label(step_, "after the gradients");
  in_flight_ = false;  // whether the wait returns or throws, all of the step is enqueued on every rank that waits
  communication_.await_all();
}

}  // namespace

GradientSyncCost gradient_sync_cost(const GradientSyncPlan& plan) {
  check(plan);
  GradientSyncCost cost{.memory_bytes =
                            VirtualRankSum::bytes(elements(plan), leaves_in_tree(plan), plan.wire, largest(plan))};
  if (exchanges_shards(plan)) {
    cost.memory_bytes += BucketReduction::bytes(plan);
    cost.sent_bytes = BucketReduction::sent_bytes(plan);
  } else {
    for (const GradientBucket& bucket : plan.buckets)
      cost.sent_bytes += sent_by_all_reduce(bucket.values.bytes(), plan.ranks.ranks());
  }
  return cost;
}

std::unique_ptr<GradientSync> make_gradient_sync(const GradientSyncPlan& plan, Communication& communication,
                                                 const LeveledGroup* replicas) {
  return std::make_unique<BucketedGradientSync>(plan, communication, replicas);
}

GradientSyncMaker gradient_sync_maker() { return {gradient_sync_cost, make_gradient_sync}; }

}  // namespace convoy
