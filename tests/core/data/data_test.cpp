#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "core/base/error.h"
#include "core/data/prefetcher.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/support/memory_source.h"

namespace convoy {
namespace {

// Whatever the rank count, a step consumes the same samples, and each virtual rank the same ones in the same order.
TEST(SampleSchedule, RanksShareTheSamplesOfAStepInOrder) {
  for (const int64_t ranks : {1, 2, 4}) {
    std::vector<int64_t> firsts;
    for (int64_t step = 0; step < 2; ++step)
      for (int64_t rank = 0; rank < ranks; ++rank) {
        const SampleSchedule schedule{32, 4, 4, ranks, rank, 10, 320};
        EXPECT_EQ(schedule.passes_per_step() * ranks, 8);
        for (int64_t pass = 0; pass < schedule.passes_per_step(); ++pass)
          firsts.push_back(schedule.first_sample(step * schedule.passes_per_step() + pass));
      }
    for (size_t i = 0; i < firsts.size(); ++i) EXPECT_EQ(firsts[i], 320 + static_cast<int64_t>(i) * 4);
  }
}

// A run that went back twice to step 12 and once to step 15: both before and behind where this start begins.
TEST(SampleSchedule, GoesOnWhereTheRunWentOnAfterItHadGoneBack) {
  const SampleSchedule schedule{32, 4, 4, 2, 1, 12, 384, {{10, 1}, {12, 1000}, {12, 2000}, {15, 5000}}};
  EXPECT_EQ(schedule.sample_after(12), 2000);
  EXPECT_EQ(schedule.sample_after(14), 2064);
  EXPECT_EQ(schedule.sample_after(15), 5000);
  EXPECT_EQ(schedule.sample_after(17), 5064);
  EXPECT_EQ(schedule.first_sample(0), 2016) << "the second rank's";
  EXPECT_EQ(schedule.first_sample(3), 2028);
  EXPECT_EQ(schedule.first_sample(4), 2048);
  EXPECT_EQ(schedule.first_sample(3 * 4), 5016);
}

class FailingSource final : public BatchSource {
 public:
  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split) const override { return 100; }
  void read(Split, int64_t first, int64_t, std::span<const Tensor> out) override {
    if (first >= 8) throw DataError("damaged at sample 8");
    out[0].as<int32_t>()[0] = static_cast<int32_t>(first);
  }

 private:
  std::vector<BatchField> fields_{{"tokens", DType::i32, {1}}};
};

TEST(Prefetcher, DeliversInOrderAndSaysWhichSamples) {
  const auto device = cpu::make_cpu_device(1);
  test::MemorySource source(5, 11);
  Prefetcher prefetcher(*device, source, {8, 2, 2, 1, 0, 0, 0}, 3);
  std::vector<int32_t> tokens(10), targets(10);
  for (int64_t ordinal = 0; ordinal < 40; ++ordinal) {
    const HostBatch& batch = prefetcher.next();
    EXPECT_EQ(*batch.first_sample.as<int64_t>(), ordinal * 2);
    const std::vector<Tensor> expected{{tokens.data(), DType::i32, {2, 5}}, {targets.data(), DType::i32, {2, 5}}};
    source.read(Split::train, ordinal * 2, 2, expected);
    for (int64_t i = 0; i < 10; ++i) {
      EXPECT_EQ(batch.fields[0].as<int32_t>()[i], tokens[static_cast<size_t>(i)]);
      EXPECT_EQ(batch.fields[1].as<int32_t>()[i], targets[static_cast<size_t>(i)]);
    }
    if (ordinal % 4 == 3) prefetcher.release();
  }
}

TEST(Prefetcher, DoesNotOverwriteWhatWasNotReleased) {
  const auto device = cpu::make_cpu_device(1);
  test::MemorySource source(5, 11);
  Prefetcher prefetcher(*device, source, {8, 2, 1, 1, 0, 0, 0}, 1);  // 4 passes a step and 1 ahead
  std::vector<const int64_t*> firsts;
  for (int i = 0; i < 4; ++i) firsts.push_back(prefetcher.next().first_sample.as<int64_t>());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time enough to do harm
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(*firsts[static_cast<size_t>(i)], i * 2);
}

TEST(Prefetcher, HandsOnWhatReadingThrew) {
  const auto device = cpu::make_cpu_device(1);
  FailingSource source;
  Prefetcher prefetcher(*device, source, {1, 1, 1, 1, 0, 0, 0}, 4);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(prefetcher.next().fields[0].as<int32_t>()[0], i);
    prefetcher.release();
  }
  EXPECT_THROW(prefetcher.next(), DataError);
}

}  // namespace
}  // namespace convoy
