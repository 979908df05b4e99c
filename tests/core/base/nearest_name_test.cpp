#include "core/base/nearest_name.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("layers", "layesr"), 1);
  EXPECT_EQ(edit_distance("ca", "abc"), 3);  // a swapped pair is not edited again
}

TEST(NearestName, PrefersTheSmallestDistanceAndTheEarlierOfEquals) {
  EXPECT_EQ(nearest_name("chanels", {"heads", "channels"}), "channels");
  EXPECT_EQ(nearest_name("bar", {"baz", "bat"}), "baz");
}

TEST(NearestName, SaysNothingWhereNothingIsNear) {
  EXPECT_FALSE(nearest_name("banana", {"heads", "channels"}));
  EXPECT_FALSE(nearest_name("x", {"lr"}));
  EXPECT_FALSE(nearest_name("anything", {}));
}

}  // namespace
}  // namespace convoy
