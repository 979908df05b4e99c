#include "comm/gradient_buckets.h"

#include <gtest/gtest.h>

#include "core/ops/adamw.h"

namespace convoy {
namespace {

TEST(GradientBuckets, CoverEverythingInDescendingOrder) {
  for (const int64_t elements : {1, 63, 64, 10007, 64 * 12 * 40})
    for (const int64_t bytes : {1, 5000, 1 << 20})
      for (const int ranks : {1, 2, 3, 8}) {
        const auto buckets = gradient_buckets(elements, bytes, ranks);
        ASSERT_FALSE(buckets.empty());
        EXPECT_EQ(buckets.front().end, elements);
        EXPECT_EQ(buckets.back().begin, 0);
        for (size_t i = 0; i + 1 < buckets.size(); ++i) {
          EXPECT_EQ(buckets[i].begin, buckets[i + 1].end);
          EXPECT_EQ(buckets[i].elements() % (kParameterBlock * ranks), 0);
          EXPECT_EQ(buckets[i].elements(), buckets[0].elements());
        }
        EXPECT_LE(buckets.back().elements(), buckets[0].elements());
      }
}

TEST(GradientBuckets, HoldAsManyBytesAsAskedFor) {
  EXPECT_EQ(gradient_buckets(1 << 20, 65536, 2)[0].elements(), 16384);
  EXPECT_EQ(gradient_buckets(1 << 20, 65535, 2)[0].elements(), 16384 - 128);
  EXPECT_TRUE(gradient_buckets(0, 1000, 2).empty());
}

}  // namespace
}  // namespace convoy
