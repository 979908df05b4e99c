#include "core/plan/captured_program.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/core/plan/small_graph.h"

namespace convoy {
namespace {

class RecordedProgramTest : public testing::Test {
 protected:
  RecordedProgramTest() {
    initialise(model_.parameters(), model_.layout(), *device_, *stream_, 1);
    std::vector<int32_t> tokens(4 * 16);
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 7 % 50);
    for (const char* name : {"tokens", "targets"}) {
      const Tensor input = model_.training().input(name);
      stream_->copy(input.data, tokens.data(), input.bytes());
    }
    pass_.loss_scale = 0.01f;
  }

  std::vector<float> gradients() {
    const Tensor all = model_.parameters().gradients();
    return {all.as<float>(), all.as<float>() + all.elements()};
  }
  void clear() { stream_->zero(model_.parameters().gradients().data, model_.parameters().gradients().bytes()); }

  std::unique_ptr<Device> device_ = cpu::make_cpu_device(1);
  std::unique_ptr<Stream> stream_ = device_->make_stream(StreamKind::compute);
  Model model_{*device_, *stream_, small_graph(), {}};
  Pass pass_{.ops = device_->ops(), .stream = *stream_, .training = true, .seed = 1};
};

TEST_F(RecordedProgramTest, EveryRunGivesTheProgramsBits) {
  clear();
  model_.training().run(pass_);
  const std::vector<float> expected = gradients();
  CapturedProgram recorded(*device_, model_.training(), pass_, {{model_.layout().padded_elements() / 2, 0}});
  for (int run = 0; run < 3; ++run) {
    clear();
    recorded.run();
    EXPECT_EQ(gradients(), expected) << "run " << run;
  }
}

TEST_F(RecordedProgramTest, IsCutWhereGradientsBecomeFinal) {
  const int64_t all = model_.layout().padded_elements();
  const std::vector<int64_t> cuts = {3 * all / 4, all / 2, all / 2 - 1, 0};
  CapturedProgram recorded(*device_, model_.training(), pass_, {cuts});
  std::vector<int64_t> reached;
  recorded.run([&](const std::vector<int64_t>& final_from) { reached.push_back(final_from.at(0)); });
  ASSERT_EQ(reached.size(), recorded.pieces());
  EXPECT_GE(reached.size(), 2u);
  EXPECT_LE(reached.size(), cuts.size());
  EXPECT_LE(reached.front(), cuts.front());
  EXPECT_EQ(reached.back(), 0);
  EXPECT_TRUE(std::is_sorted(reached.rbegin(), reached.rend()));
}

TEST_F(RecordedProgramTest, IsOnePieceWithoutCuts) {
  EXPECT_EQ(CapturedProgram(*device_, model_.training(), pass_, {}).pieces(), 1u);
}

// What a device records is what is replayed: a piece is handed to record() at the second run and never enqueued again.
TEST_F(RecordedProgramTest, RecordsOnceAtTheSecondRun) {
  class Recording final : public CapturedWork {
   public:
    explicit Recording(int& runs) : runs_(runs) {}
    void run(Stream&) override { ++runs_; }

   private:
    int& runs_;
  };
  struct RecordingDevice final : Device {
    explicit RecordingDevice(Device& real) : device(real) {}
    DeviceInfo info() const override { return device.info(); }
    double peak_flops(DType dtype) override { return device.peak_flops(dtype); }
    Ops& ops() override { return device.ops(); }
    std::unique_ptr<Stream> make_stream(StreamKind kind) override { return device.make_stream(kind); }
    std::unique_ptr<Event> make_event() override { return device.make_event(); }
    std::unique_ptr<CapturedWork> capture(Stream&, std::function<void()>) override {
      ++recorded;
      return std::make_unique<Recording>(runs);
    }
    void* allocate_raw(size_t, MemoryKind) override { return nullptr; }
    void release_raw(void*, MemoryKind) noexcept override {}
    Device& device;
    int recorded = 0, runs = 0;
  } device(*device_);
  CapturedProgram recorded(device, model_.training(), pass_, {});
  recorded.run();
  EXPECT_EQ(device.recorded, 0);
  for (int run = 0; run < 3; ++run) recorded.run();
  EXPECT_EQ(device.recorded, 1);
  EXPECT_EQ(device.runs, 3);
}

}  // namespace
}  // namespace convoy
