#include "tests/support/faulty_device.h"

#include <cstring>
#include <map>

#include "core/ops/ops.h"

namespace convoy::test {
namespace {

class FaultyOps final : public Ops {
 public:
  FaultyOps(Ops& ops, FaultPlan plan) : ops_(ops), plan_(std::move(plan)) {}

  using Ops::run;
  void run(Stream& stream, const Matmul& args) override {
    ops_.run(stream, args);
    if (const BitFlip* flip = plan_(products_++)) stream.run([c = args.c, flip] { apply(*flip, c); });
  }

#define CONVOY_PASS_ON(Args) \
  void run(Stream& stream, const Args& args) override { ops_.run(stream, args); }
  CONVOY_PASS_ON(LayerNormForward)
  CONVOY_PASS_ON(LayerNormBackward)
  CONVOY_PASS_ON(RmsNormForward)
  CONVOY_PASS_ON(RmsNormBackward)
  CONVOY_PASS_ON(AttentionForward)
  CONVOY_PASS_ON(AttentionBackward)
  CONVOY_PASS_ON(EmbeddingForward)
  CONVOY_PASS_ON(EmbeddingBackward)
  CONVOY_PASS_ON(DropoutApply)
  CONVOY_PASS_ON(CrossEntropy)
  CONVOY_PASS_ON(AdamW)
  CONVOY_PASS_ON(Sum)
  CONVOY_PASS_ON(SumSquares)
  CONVOY_PASS_ON(ClipFactor)
  CONVOY_PASS_ON(Add)
  CONVOY_PASS_ON(TreeSum)
  CONVOY_PASS_ON(Cast)
  CONVOY_PASS_ON(Statistics)
#undef CONVOY_PASS_ON

  using Ops::scratch_bytes;
#define CONVOY_PASS_ON_SCRATCH(Args) \
  size_t scratch_bytes(const Args& args) const override { return ops_.scratch_bytes(args); }
  CONVOY_PASS_ON_SCRATCH(Matmul)
  CONVOY_PASS_ON_SCRATCH(LayerNormBackward)
  CONVOY_PASS_ON_SCRATCH(RmsNormBackward)
  CONVOY_PASS_ON_SCRATCH(AttentionForward)
  CONVOY_PASS_ON_SCRATCH(AttentionBackward)
  CONVOY_PASS_ON_SCRATCH(EmbeddingBackward)
#undef CONVOY_PASS_ON_SCRATCH

 private:
  static void apply(const BitFlip& flip, const Tensor& c) {
    const size_t width = size_of(c.dtype);
    auto* element = c.as<std::byte>() + static_cast<size_t>(flip.element % c.elements()) * width;
    const int bit = width == 4 ? flip.bit : flip.bit - 16;
    element[bit / 8] ^= std::byte{1} << (bit % 8);
  }

  Ops& ops_;
  FaultPlan plan_;
  int64_t products_ = 0;
};

class FaultyDevice final : public Device {
 public:
  FaultyDevice(std::unique_ptr<Device> device, FaultPlan plan)
      : device_(std::move(device)), ops_(device_->ops(), std::move(plan)) {}

  DeviceInfo info() const override { return device_->info(); }
  double peak_flops(DType dtype) override { return device_->peak_flops(dtype); }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Stream> make_stream(StreamKind kind) override { return device_->make_stream(kind); }
  std::unique_ptr<Event> make_event() override { return device_->make_event(); }

 protected:
  void* allocate_raw(size_t bytes, MemoryKind kind) override {
    Memory memory = device_->allocate(bytes, kind);
    void* data = memory.data();
    memories_[data] = std::move(memory);
    return data;
  }
  void release_raw(void* data, MemoryKind) noexcept override { memories_.erase(data); }

 private:
  std::unique_ptr<Device> device_;
  FaultyOps ops_;
  std::map<void*, Memory> memories_;
};

}  // namespace

std::unique_ptr<Device> make_faulty_device(std::unique_ptr<Device> device, FaultPlan plan) {
  return std::make_unique<FaultyDevice>(std::move(device), std::move(plan));
}

}  // namespace convoy::test
