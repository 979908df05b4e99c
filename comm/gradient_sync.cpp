#include "comm/gradient_sync.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <vector>

#include "comm/gradient_buckets.h"
#include "comm/reduction_tree.h"
#include "comm/shard_exchange.h"
#include "comm/virtual_rank_sum.h"
#include "core/base/error.h"

namespace convoy {
namespace {

using Clock = std::chrono::steady_clock;

void check(const GradientSyncLayout& layout) {
  if (layout.wire != DType::f32 && layout.wire != DType::bf16)
    throw ConfigError(fmt::format("gradients cannot be sent as {}; f32 and bf16 can", name_of(layout.wire)));
  if (layout.bucket_bytes < 1)
    throw ConfigError(
        fmt::format("parallel.bucket_bytes = {}; it must be positive, 26214400 is usual", layout.bucket_bytes));
  if (layout.reproducible) {
    check_virtual_ranks(layout.virtual_ranks, layout.ranks);
  } else if (layout.virtual_ranks < layout.ranks || layout.virtual_ranks % layout.ranks != 0) {
    throw ConfigError(fmt::format("parallel.virtual_ranks = {} is not a multiple of {} ranks; set it to auto",
                                  layout.virtual_ranks, layout.ranks));
  }
}

int64_t leaves_per_rank(const GradientSyncLayout& layout) { return layout.virtual_ranks / layout.ranks; }

// Leaves that VirtualRankSum has to add; where bits may depend on the rank count, they add up in the gradients.
int64_t leaves_in_tree(const GradientSyncLayout& layout) { return layout.reproducible ? leaves_per_rank(layout) : 1; }

bool exchanges_shards(const GradientSyncLayout& layout) {
  return layout.ranks > 1 && (layout.reproducible || layout.wire != DType::f32);
}

std::vector<Bucket> buckets_of(const GradientSyncLayout& layout) {
  return gradient_buckets(layout.elements, layout.bucket_bytes, layout.ranks);
}

int64_t largest(const std::vector<Bucket>& buckets) { return buckets.empty() ? 0 : buckets.front().elements(); }

GradientSyncLayout layout_of(const GradientSyncOptions& options) {
  const GradientSyncLayout layout{.elements = options.gradients.elements(),
                                  .ranks = options.communicator.size(),
                                  .virtual_ranks = options.virtual_ranks,
                                  .bucket_bytes = options.bucket_bytes,
                                  .reproducible = options.reproducible,
                                  .wire = options.wire};
  check(layout);
  if (options.gradients.dtype != DType::f32)
    throw InternalError(fmt::format("flat gradients are {}; f32 is summed", name_of(options.gradients.dtype)));
  return layout;
}

class BucketedGradientSync final : public GradientSync {
 public:
  explicit BucketedGradientSync(const GradientSyncOptions& options);
  ~BucketedGradientSync() override;

  std::vector<int64_t> cuts() const override;
  void begin(int64_t step) override;
  void ready(int64_t begin, int64_t end) override;
  void end() override;
  void finish() override;
  double exposed_ms() const override { return exposed_ms_; }

 private:
  void require(bool holds, const char* what) const;
  bool is_last_leaf() const { return leaf_ == leaves_ - 1; }
  void reduce(size_t bucket);
  void wait_for_sums();

  const GradientSyncLayout layout_;
  const int64_t leaves_;  // per step on this rank
  const Tensor gradients_;
  Device& device_;
  Stream& compute_;
  Stream& communication_;
  Communicator& communicator_;
  const std::vector<Bucket> buckets_;
  std::vector<std::string> labels_;             // per bucket
  std::vector<std::unique_ptr<Event>> filled_;  // per bucket
  std::unique_ptr<Event> reduced_;
  VirtualRankSum virtual_ranks_;
  ShardExchange exchange_;
  std::unique_ptr<RegisteredMemory> registered_gradients_;

  int64_t step_ = 0;
  int64_t leaf_ = 0;
  bool in_leaf_ = false;
  int64_t lowest_ready_ = 0;
  size_t next_bucket_ = 0;
  bool in_flight_ = false;
  Clock::time_point wait_began_;
  std::atomic<double> exposed_ms_ = 0;
  const int exceptions_before_ = std::uncaught_exceptions();
};

BucketedGradientSync::BucketedGradientSync(const GradientSyncOptions& options)
    : layout_(layout_of(options)),
      leaves_(leaves_per_rank(layout_)),
      gradients_(options.gradients.reshaped({layout_.elements})),
      device_(options.device),
      compute_(options.compute),
      communication_(options.communication),
      communicator_(options.communicator),
      buckets_(buckets_of(layout_)),
      reduced_(device_.make_event()),
      virtual_ranks_(device_, compute_, gradients_, leaves_in_tree(layout_), layout_.wire, largest(buckets_)),
      exchange_(device_, communication_, communicator_, gradients_, layout_.wire,
                exchanges_shards(layout_) ? buckets_ : std::vector<Bucket>{}) {
  for (size_t i = 0; i < buckets_.size(); ++i) {
    labels_.push_back(fmt::format("gradient bucket {} of {}", i + 1, buckets_.size()));
    filled_.push_back(device_.make_event());
  }
  if (layout_.ranks > 1 && layout_.elements > 0)
    registered_gradients_ = communicator_.register_memory(gradients_.data, gradients_.bytes());
}

// An exception may leave a step half done. The communication stream then still works on these buffers and may wait for
// ever for ranks that wait for this one; ending the job is all that is left. Between steps it may still work on them
// too, where compute does not wait in the caller, but every rank has its part under way.
BucketedGradientSync::~BucketedGradientSync() {
  if (in_flight_ && std::uncaught_exceptions() > exceptions_before_)
    communicator_.abort(ExitCode::internal, fmt::format("an exception left step {} with reductions in flight", step_));
  if (layout_.ranks == 1) return;
  try {
    communication_.synchronize();
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
                    step_, leaf_, leaves_, lowest_ready_, layout_.elements, what));
}

std::vector<int64_t> BucketedGradientSync::cuts() const {
  std::vector<int64_t> cuts;
  for (const Bucket& bucket : buckets_) cuts.push_back(bucket.begin);
  return cuts;
}

void BucketedGradientSync::begin(int64_t step) {
  require(!in_leaf_, "begin before end");
  require(leaf_ < leaves_, "begin once more than there are virtual ranks");
  step_ = step;
  in_leaf_ = true;
  lowest_ready_ = layout_.elements;
  next_bucket_ = 0;
  if (leaf_ == 0 || layout_.reproducible) compute_.zero(gradients_.data, gradients_.bytes());
}

void BucketedGradientSync::ready(int64_t begin, int64_t end) {
  require(in_leaf_, "ready before begin");
  require(begin >= 0 && begin <= end && end == lowest_ready_,
          "ready with a range that does not end where the last began");
  lowest_ready_ = begin;
  if (!is_last_leaf()) return;
  while (next_bucket_ < buckets_.size() && buckets_[next_bucket_].begin >= lowest_ready_) reduce(next_bucket_++);
}

void BucketedGradientSync::reduce(size_t bucket) {
  const Bucket& range = buckets_[bucket];
  virtual_ranks_.finish(range.begin, range.end);
  if (layout_.ranks == 1) return;
  compute_.record(*filled_[bucket]);
  communication_.wait(*filled_[bucket]);
  communicator_.label(step_, labels_[bucket]);
  in_flight_ = true;
  if (exchanges_shards(layout_))
    exchange_.run(range);
  else
    communicator_.all_reduce(communication_, gradients_.range(range.begin, range.elements()));
}

void BucketedGradientSync::end() {
  require(in_leaf_ && lowest_ready_ == 0, "end before all elements are ready");
  if (!is_last_leaf() && layout_.reproducible) virtual_ranks_.store();
  in_leaf_ = false;
  ++leaf_;
}

void BucketedGradientSync::finish() {
  require(!in_leaf_ && leaf_ == leaves_, "finish before the last virtual rank's end");
  leaf_ = 0;
  virtual_ranks_.restart();
  if (layout_.ranks == 1) return;
  communicator_.label(step_, "after the gradients");
  communication_.record(*reduced_);
  in_flight_ = false;  // whether the wait returns or throws, all of the step is enqueued on every rank that waits
  wait_for_sums();
}

// The clock is read on the compute stream, so that only its own standstill counts: in the caller on the CPU, by two
// host functions around the wait on CUDA.
void BucketedGradientSync::wait_for_sums() {
  compute_.run([this] { wait_began_ = Clock::now(); });
  compute_.wait(*reduced_);
  compute_.run([this] { exposed_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - wait_began_).count(); });
}

}  // namespace

size_t gradient_sync_bytes(const GradientSyncLayout& layout) {
  check(layout);
  const std::vector<Bucket> buckets = buckets_of(layout);
  const size_t exchange = exchanges_shards(layout) ? ShardExchange::bytes(buckets, layout.ranks, layout.wire) : 0;
  return exchange + VirtualRankSum::bytes(layout.elements, leaves_in_tree(layout), layout.wire, largest(buckets));
}

std::unique_ptr<GradientSync> make_gradient_sync(const GradientSyncOptions& options) {
  return std::make_unique<BucketedGradientSync>(options);
}

}  // namespace convoy
