#include "core/plan/operator_profile.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "core/ops/ops.h"

namespace convoy {
namespace {

// While it lives its thread is in an operator.
struct Inside {
  static inline thread_local bool of_thread = false;
  Inside() { of_thread = true; }
  ~Inside() { of_thread = false; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

struct Call {
  std::string name;
  std::vector<OperatorWork> works;
  std::unique_ptr<TimeMark> begin, end;
};

// What tells two calls apart, in an order.
auto key_of(const OperatorWork& w) {
  const ProductWork p = w.product.value_or(ProductWork{});
  const AttentionWork a = w.attention.value_or(AttentionWork{});
  return std::tuple(p.m, p.n, p.k, static_cast<int>(p.dtype), a.scores, a.D, a.Tk, w.bytes);
}
auto key_of(const Call& call) {
  std::vector<decltype(key_of(OperatorWork{}))> keys;
  for (const OperatorWork& work : call.works) keys.push_back(key_of(work));
  return std::pair(call.name, keys);
}

}  // namespace

double ProfiledOperator::flops() const {
  double sum = 0;
  for (const OperatorWork& work : works)
    sum += (work.product ? work.product->flops() : 0) + (work.attention ? work.attention->flops() : 0);
  return sum * static_cast<double>(calls);
}

double ProfiledOperator::bytes() const {
  double sum = 0;
  for (const OperatorWork& work : works) sum += work.bytes;
  return sum * static_cast<double>(calls);
}

// Shared with the operators, which stay wrapped. Operators of communication may be enqueued by other threads.
struct OperatorProfile::Calls {
  std::atomic<bool> timed = false;
  std::mutex mutex;
  std::vector<Call> all;
  std::set<Stream*> streams;
};

OperatorProfile::OperatorProfile(Device& device) : calls_(std::make_shared<Calls>()) {
  device.ops().wrap_all([calls = calls_, &device](Stream& stream, std::type_index type, const void* args,
                                                  const std::function<void()>& run) {
    // An operator may be made of others, of which it has the time.
    if (!calls->timed || Inside::of_thread) return run();
    const Inside inside;
    Call call{operator_name(type), operator_work(type, args).value_or(std::vector<OperatorWork>{}),
              device.make_time_mark(), device.make_time_mark()};
    call.begin->record(stream);
    run();
    call.end->record(stream);
    const std::lock_guard lock(calls->mutex);
    calls->all.push_back(std::move(call));
    calls->streams.insert(&stream);
  });
}

void OperatorProfile::start() { calls_->timed = true; }

std::vector<ProfiledOperator> OperatorProfile::stop() {
  calls_->timed = false;
  const std::lock_guard lock(calls_->mutex);
  for (Stream* stream : calls_->streams) stream->synchronize();
  std::map<decltype(key_of(Call{})), ProfiledOperator> sums;
  for (const Call& call : calls_->all) {
    ProfiledOperator& sum = sums[key_of(call)];
    sum.name = call.name;
    sum.works = call.works;
    ++sum.calls;
    sum.ms += call.end->ms_since(*call.begin);
  }
  calls_->all.clear();
  calls_->streams.clear();
  std::vector<ProfiledOperator> longest;
  for (auto& [key, sum] : sums) longest.push_back(std::move(sum));
  std::ranges::stable_sort(longest, std::ranges::greater{}, &ProfiledOperator::ms);
  return longest;
}

}  // namespace convoy
