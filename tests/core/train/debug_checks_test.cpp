#include "core/train/debug_checks.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/base/error.h"
#include "core/models/gpt2.h"
#include "core/parameters/initialise.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

class DebugChecksTest : public testing::Test {
 protected:
  void SetUp() override {
    const Gpt2Config config{.layers = 2, .heads = 2, .channels = 16, .context = 8, .vocabulary = 11};
    model_ = std::make_unique<Model>(*device_, *stream_, gpt2_loss_graph(config, 2, 8),
                                     ModelOptions{.guard_bytes = kDebugGuardBytes});
    initialise(model_->parameters(), model_->layout(), *device_, *stream_, 1);
    for (const char* name : {"tokens", "targets"}) {
      const Tensor input = model_->training().input(name);
      for (int64_t i = 0; i < input.elements(); ++i) input.as<int32_t>()[i] = static_cast<int32_t>(i % 11);
    }
  }

  // Runs one pass under the checks; `spoil` may do damage after each action, before it is checked.
  void run(bool verbose, const Program::AfterAction& spoil = {}) {
    DebugChecks checks(*device_, *stream_, model_->training(), model_->arena(),
                       [&](const std::string& line) { lines_.push_back(line); });
    checks.print_next_pass(verbose);
    checks.begin();
    Pass pass{.ops = device_->ops(), .stream = *stream_, .training = true};
    model_->training().run(pass, [&](const BoundAction& action) {
      if (spoil) spoil(action);
      checks.after(action);
    });
  }

  std::string message_of_failed_run(const Program::AfterAction& spoil = {}) {
    try {
      run(false, spoil);
    } catch (const InternalError& error) {
      return error.what();
    }
    return "no error";
  }

  std::unique_ptr<Device> device_ = cpu::make_cpu_device(1);
  std::unique_ptr<Stream> stream_ = device_->make_stream(StreamKind::compute);
  std::unique_ptr<Model> model_;
  std::vector<std::string> lines_;
};

TEST_F(DebugChecksTest, AHealthyPassPrintsStatisticsOfEveryLayer) {
  run(true);
  const auto mentions = [&](const std::string& text) {
    return std::any_of(lines_.begin(), lines_.end(),
                       [&](const std::string& l) { return l.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(mentions("forward of transformer.h.1.attn.c_attn, output 0"));
  EXPECT_TRUE(mentions("backward of transformer.wte, gradient of parameter 0"));
}

TEST_F(DebugChecksTest, NamesTheLayerThatFirstProducedNaN) {
  const int weight = model_->layout().find("transformer.h.1.attn.c_attn.weight");
  model_->parameters().weight(weight).as<float>()[3] = std::numeric_limits<float>::quiet_NaN();
  const std::string message = message_of_failed_run();
  EXPECT_NE(message.find("forward of transformer.h.1.attn.c_attn, output 0"), std::string::npos) << message;
}

TEST_F(DebugChecksTest, NamesTheLayerThatWroteBeyondItsBuffer) {
  const std::string message = message_of_failed_run([&](const BoundAction& action) {
    if (action.kind != ActionKind::forward ||
        model_->graph().nodes()[static_cast<size_t>(action.node)].name != "transformer.h.0.mlp")
      return;
    const Tensor& y = action.tensors.outputs[0];
    y.as<float>()[y.elements()] = 1;  // one element too many
  });
  EXPECT_NE(message.find("forward of transformer.h.0.mlp wrote beyond"), std::string::npos) << message;
}

}  // namespace
}  // namespace convoy
