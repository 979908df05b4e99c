#include "core/train/operator_choices.h"

#include <gtest/gtest.h>

#include <array>

#include "comm/local/thread_communicator.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy::test {
namespace {

// Every rank's clock prefers another way.
class RankOps final : public Ops {
 public:
  explicit RankOps(int rank) : Ops("toy"), rank_(rank) {}
  void choose_by_time(Stream&) override {
    ++timed;
    for (const char* shape : {"a", "b"}) chosen_.emplace(shape, "way " + std::to_string(rank_));
  }
  OperatorChoices choices() const override { return chosen_; }
  size_t adopt(const OperatorChoices& choices) override {
    chosen_ = choices;
    return 0;
  }
  int timed = 0;

 private:
  int rank_;
  OperatorChoices chosen_;
};

struct Settled {
  std::array<OperatorChoices, 3> choices;
  std::array<std::string, 3> records;
  std::array<int, 3> timed{};
};

Settled settle(bool timed, const std::string& recorded) {
  Settled settled;
  on_threads(3, [&](Communicator& ranks) {
    const auto rank = static_cast<size_t>(ranks.rank());
    const std::unique_ptr<Device> device = cpu::make_cpu_device(1);
    RankOps ops(ranks.rank());
    settled.records[rank] = settle_operators(ops, *device->make_stream(StreamKind::compute), ranks, timed, recorded);
    settled.choices[rank] = ops.choices();
    settled.timed[rank] = ops.timed;
  });
  return settled;
}

TEST(OperatorChoices, AreTheFirstRanks) {
  const Settled settled = settle(true, "");
  const OperatorChoices first{{"a", "way 0"}, {"b", "way 0"}};
  for (size_t rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(settled.choices[rank], first);
    EXPECT_EQ(settled.records[rank], settled.records[0]);
    EXPECT_EQ(settled.timed[rank], rank == 0 ? 1 : 0);
  }
}

TEST(OperatorChoices, OfTheRunStay) {
  for (const bool timed : {false, true}) {
    const Settled settled = settle(timed, R"({"a": "way 7"})");
    for (size_t rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(settled.choices[rank].at("a"), "way 7");
      EXPECT_EQ(settled.choices[rank].contains("b"), timed) << "what the run had no choice for";
    }
    EXPECT_EQ(settle(false, settled.records[0]).choices[2], settled.choices[2]);
  }
}

TEST(OperatorChoices, AreNotMadeWithoutNeed) {
  const Settled settled = settle(false, "");
  EXPECT_EQ(settled.choices[1], OperatorChoices());
  EXPECT_EQ(settled.records[0], "");
  EXPECT_EQ(settled.timed[0], 0);
}

TEST(OperatorChoices, DamagedOnesAreTold) {
  EXPECT_THROW(settle(false, "{\"a\": "), std::exception);
  EXPECT_THROW(settle(false, "[1, 2]"), std::exception);
}

}  // namespace
}  // namespace convoy::test
