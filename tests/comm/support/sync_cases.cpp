#include "tests/comm/support/sync_cases.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "comm/gradient_sync.h"
#include "core/base/integers.h"
#include "core/base/philox.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy::test {
namespace {

float rounded(float value, DType wire) { return wire == DType::f32 ? value : static_cast<float>(bf16(value)); }

// What makes and reads gradients on a device, by way of the host.
class Backward {
 public:
  Backward(Device& device, Stream& compute, const Tensor& gradients)
      : device_(device),
        compute_(compute),
        gradients_(gradients),
        on_host_(device.allocate(gradients.bytes(), MemoryKind::host)),
        on_device_(device.allocate(gradients.bytes())) {}

  // One virtual rank's: ranges of uneven length from the end to the beginning.
  void run(GradientSync& sync, int64_t step, int64_t v) {
    const int64_t n = gradients_.elements();
    const Tensor leaf{on_device_.data(), DType::f32, {n}};
    compute_.synchronize();  // the leaf before is no longer read
    for (int64_t i = 0; i < n; ++i) host()[i] = leaf_gradient(step, v, i);
    compute_.copy(leaf.data, host(), leaf.bytes());
    sync.begin(step);
    int64_t end = n;
    for (int64_t length = 1; end > 0; length = length * 5 % 1009 + 1) {
      const int64_t begin = std::max(end - length, int64_t{0});
      device_.ops().run(compute_, Add{gradients_.range(begin, end - begin), leaf.range(begin, end - begin)});
      sync.ready(begin, end);
      end = begin;
    }
    sync.end();
  }

  // found: the sums of elements [begin, end).
  void expect_bits(int64_t step, const SyncCase& test, const Tensor& found, int64_t begin, int64_t end) {
    compute_.copy(host(), found.data, static_cast<size_t>(end - begin) * sizeof(float));
    compute_.synchronize();
    std::vector<float> wanted;
    for (int64_t i = begin; i < end; ++i) wanted.push_back(plain_tree(step, 0, test.virtual_ranks, i, test.wire));
    EXPECT_EQ(std::memcmp(host(), wanted.data(), wanted.size() * sizeof(float)), 0)
        << "step " << step << ", elements from " << begin;
  }

 private:
  float* host() const { return static_cast<float*>(on_host_.data()); }

  Device& device_;
  Stream& compute_;
  const Tensor gradients_;
  const Memory on_host_, on_device_;
};

// Where each bucket's shard of the sums goes, one behind the other; the last rank's may be cut short by the bucket.
void keep_own_sums(std::vector<GradientBucket>& buckets, const Memory& sums, int ranks) {
  auto* next = static_cast<float*>(sums.data());
  for (GradientBucket& bucket : buckets) {
    bucket.own_sum = {next, DType::f32, {ceil_div(bucket.elements(), int64_t{ranks})}};
    next += bucket.own_sum.elements();
  }
}

}  // namespace

std::string describe(const SyncCase& test) {
  return fmt::format("V = {}, {} elements, buckets of {} bytes, wire {}{}, levels {}", test.virtual_ranks,
                     test.elements, test.bucket_bytes, name_of(test.wire), test.own_sums ? ", own sums" : "",
                     fmt::join(test.levels.value_or(1).sizes(), " "));
}

std::vector<GradientBucket> buckets_in(const Tensor& gradients, int64_t bucket_bytes, int ranks) {
  const int64_t unit = int64_t{64} * ranks, length = std::max(bucket_bytes / 4 / unit, int64_t{1}) * unit;
  std::vector<GradientBucket> buckets;
  for (int64_t end = gradients.elements(), begin = end; end > 0; end = begin) {
    begin = std::max(end - length, int64_t{0});
    buckets.push_back({begin, end, gradients.range(begin, end - begin), {}});
  }
  return buckets;
}

std::vector<SyncCase> sync_cases(int ranks) {
  std::vector<SyncCase> cases;
  for (const int64_t V : {ranks, 2 * ranks, 4, 8, 6})
    for (const int64_t elements : {int64_t{64} * ranks * 10, int64_t{2003}})
      for (const int64_t bucket_bytes : {1, 3000, 4096, 1 << 20})
        for (const DType wire : {DType::f32, DType::bf16})
          if (V % ranks == 0 && (ranks == 1 || std::has_single_bit(static_cast<uint64_t>(V / ranks))) && V > 1)
            for (const bool own_sums : {false, true})
              if (!own_sums || ranks > 1) cases.push_back({V, elements, bucket_bytes, wire, own_sums});
  return cases;
}

float leaf_gradient(int64_t step, int64_t v, int64_t i) {
  const PhiloxCounter bits =
      philox(philox_key(7), {static_cast<uint32_t>(i), static_cast<uint32_t>(v), static_cast<uint32_t>(step), 0});
  return std::ldexp(philox_uniform(bits[0]) - 0.5f, static_cast<int>(bits[1] % 12));
}

float plain_tree(int64_t step, int64_t first_leaf, int64_t leaves, int64_t i, DType wire) {
  if (leaves == 1) return rounded(leaf_gradient(step, first_leaf, i), wire);
  const auto left = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(leaves - 1)));
  return rounded(
      plain_tree(step, first_leaf, left, i, wire) + plain_tree(step, first_leaf + left, leaves - left, i, wire), wire);
}

void expect_tree_sums(Communicator& communicator, Device& device, const SyncCase& test) {
  SCOPED_TRACE(describe(test) + fmt::format(", rank {} of {}", communicator.rank(), communicator.size()));
  const auto compute = device.make_stream(StreamKind::compute);
  const auto communication = device.make_stream(StreamKind::communication);
  const Memory memory = device.allocate(static_cast<size_t>(test.elements) * sizeof(float));
  const Tensor gradients{memory.data(), DType::f32, {test.elements}};
  Backward backward(device, *compute, gradients);
  const LeveledGroup group(communicator, test.levels.value_or(communicator.size()));
  Communication both(device, *compute, *communication, group);
  std::vector<GradientBucket> buckets = buckets_in(gradients, test.bucket_bytes, communicator.size());
  const Memory sums = device.allocate(test.own_sums ? gradients.bytes() + buckets.size() * sizeof(float) : 0);
  if (test.own_sums) keep_own_sums(buckets, sums, communicator.size());
  const size_t before = device.allocated_bytes(MemoryKind::device);
  const GradientSyncPlan plan{.gradients = gradients,
                              .buckets = buckets,
                              .ranks = group.levels(),
                              .virtual_ranks = test.virtual_ranks,
                              .wire = test.wire};
  const auto sync = make_gradient_sync(plan, both);
  EXPECT_EQ(device.allocated_bytes(MemoryKind::device) - before, gradient_sync_cost(plan).memory_bytes);
  const int64_t allocations = device.allocations();
  const int64_t mine = test.virtual_ranks / communicator.size();
  for (int64_t step = 0; step < 2; ++step) {
    for (int64_t v = communicator.rank() * mine; v < (communicator.rank() + 1) * mine; ++v)
      backward.run(*sync, step, v);
    sync->finish();
    if (!test.own_sums) backward.expect_bits(step, test, gradients, 0, test.elements);
    for (const GradientBucket& bucket : buckets) {
      if (!bucket.own_sum) continue;
      const int64_t begin = std::min(bucket.begin + group.place() * bucket.own_sum.elements(), bucket.end);
      backward.expect_bits(step, test, bucket.own_sum, begin, std::min(begin + bucket.own_sum.elements(), bucket.end));
    }
  }
  EXPECT_EQ(device.allocations(), allocations);
}

}  // namespace convoy::test
