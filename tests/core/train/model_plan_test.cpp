#include "core/train/model_plan.h"

#include <gtest/gtest.h>

#include "core/models/gpt2.h"
#include "core/train/model.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

constexpr Gpt2Config kSmall{.layers = 3, .heads = 2, .channels = 32, .context = 16, .vocabulary = 50};

ModelPlan plan_of(Ops& ops, const ModelOptions& options) {
  Gpt2Config config = kSmall;
  config.dtype = options.dtype;
  return ModelPlan(ops, gpt2_loss_graph(config, 2, 16), options);
}

std::vector<ModelOptions> many_options() {
  std::vector<ModelOptions> all;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool recompute : {false, true})
      for (const int64_t stage : {0, 1, 2, 3})
        all.push_back({.dtype = dtype,
                       .recompute_blocks = recompute,
                       .sharding = {.stage = stage, .rank = 1, .ranks = 4, .bucket_bytes = 8192}});
  all.push_back({.training = false});
  return all;
}

TEST(ModelPlan, IsWhatAModelAllocates) {
  for (const ModelOptions& options : many_options()) {
    const auto device = cpu::make_cpu_device(1);
    const auto stream = device->make_stream(StreamKind::compute);
    ModelPlan plan = plan_of(device->ops(), options);
    EXPECT_EQ(device->allocations(), 0);
    const MemoryUse planned = plan.memory();
    const Model model(*device, *stream, std::move(plan));
    EXPECT_EQ(device->allocated_bytes(MemoryKind::device), planned.on_device());
    EXPECT_EQ(device->allocated_bytes(MemoryKind::host), planned.host);
  }
}

TEST(ModelPlan, TellsWhatBytesAreFor) {
  const auto device = cpu::make_cpu_device(1);
  for (const ModelOptions& options : many_options()) {
    const ModelPlan plan = plan_of(device->ops(), options);
    const MemoryUse arena = memory_when_fullest(options.training ? plan.training() : plan.evaluation());
    EXPECT_EQ(arena.on_device(), plan.arena_bytes());
    EXPECT_EQ(arena.weights > 0, options.sharding.stage == 3) << "gathered from shards";
    EXPECT_EQ(arena.gradients > 0, options.sharding.stage >= 2) << "until they are reduced";
    const MemoryUse all = plan.memory();
    EXPECT_GT(all.weights, arena.weights);
    EXPECT_GT(all.activations, 0u);
    EXPECT_EQ(all.optimizer > 0, options.training);
  }
}

}  // namespace
}  // namespace convoy
