// The collectives of the local communicator and of ranks that are threads.
#include <gtest/gtest.h>

#include <tuple>

#include "comm/local/local_communicator.h"
#include "comm/local/thread_communicator.h"
#include "tests/comm/support/collective_cases.h"
#include "tests/comm/support/plain_device.h"

namespace convoy {
namespace {

using test::CollectiveCase;

std::string name_of_case(const CollectiveCase& test) { return test.name; }

class LocalCollectives : public testing::TestWithParam<CollectiveCase> {};
TEST_P(LocalCollectives, Work) { GetParam().body(*make_local_communicator(), *test::make_plain_device()); }
INSTANTIATE_TEST_SUITE_P(All, LocalCollectives, testing::ValuesIn(test::collective_cases()),
                         [](const auto& parameter) { return name_of_case(parameter.param); });

using ThreadCase = std::tuple<int, CollectiveCase>;  // ranks, and what they do
std::string name_of_thread_case(const testing::TestParamInfo<ThreadCase>& test) {
  return name_of_case(std::get<1>(test.param)) + "On" + std::to_string(std::get<0>(test.param));
}

class ThreadCollectives : public testing::TestWithParam<ThreadCase> {};
TEST_P(ThreadCollectives, Work) {
  const auto& [ranks, test] = GetParam();
  on_threads(ranks, [body = test.body](Communicator& c) { body(c, *test::make_plain_device()); });
}
INSTANTIATE_TEST_SUITE_P(All, ThreadCollectives,
                         testing::Combine(testing::Values(1, 2, 3, 4, 8), testing::ValuesIn(test::collective_cases())),
                         name_of_thread_case);

TEST(LocalCommunicatorDeathTest, AbortSaysWhyAndExitsWithTheCode) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(make_local_communicator()->abort(ExitCode::bad_data, "shard 3 is truncated"), testing::ExitedWithCode(3),
              "rank 0 on [^ ]+: shard 3 is truncated");
}

}  // namespace
}  // namespace convoy
