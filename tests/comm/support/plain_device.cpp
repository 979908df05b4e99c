#include "tests/comm/support/plain_device.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"
#include "tests/comm/support/plain_stream.h"

namespace convoy::test {
namespace {

float load(const Tensor& x, int64_t i) {
  return x.dtype == DType::f32 ? x.as<float>()[i] : static_cast<float>(x.as<bf16>()[i]);
}

void store(const Tensor& y, int64_t i, float value) {
  if (y.dtype == DType::f32)
    y.as<float>()[i] = value;
  else
    y.as<bf16>()[i] = bf16(value);
}

float round_through(DType dtype, float value) { return dtype == DType::f32 ? value : static_cast<float>(bf16(value)); }

float tree_sum(const Tensor& rows, int64_t begin, int64_t count, int64_t column) {
  if (count == 1) return load(rows, begin * rows.shape[1] + column);
  const auto left = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(count - 1)));
  return round_through(rows.dtype,
                       tree_sum(rows, begin, left, column) + tree_sum(rows, begin + left, count - left, column));
}

class PlainOps final : public Ops {
 public:
  PlainOps() : Ops("plain") {
    add<Add>([](Stream& stream, const Add& a) {
      stream.run([a] {
        for (int64_t i = 0; i < a.y.elements(); ++i)
          a.y.as<float>()[i] = round_through(a.through, a.y.as<float>()[i] + a.x.as<float>()[i]);
      });
    });
    add<TreeSum>([](Stream& stream, const TreeSum& a) {
      stream.run([a] {
        for (int64_t i = 0; i < a.y.elements(); ++i) a.y.as<float>()[i] = tree_sum(a.rows, 0, a.rows.shape[0], i);
      });
    });
    add<Cast>([](Stream& stream, const Cast& a) {
      stream.run([a] {
        for (int64_t i = 0; i < a.y.elements(); ++i) store(a.y, i, load(a.x, i));
      });
    });
  }
};

class PlainDevice final : public Device {
 public:
  DeviceInfo info() const override { return {DeviceKind::cpu, "plain", "", 0}; }
  double peak_flops(DType) override { return 0; }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Stream> make_stream(StreamKind kind) override { return make_plain_stream(kind); }
  std::unique_ptr<Event> make_event() override { return make_plain_event(); }

 protected:
  // Fresh memory is full of NaN, so that reading what was never written shows.
  void* allocate_raw(size_t bytes, MemoryKind) override {
    const size_t whole = (bytes + 63) / 64 * 64;
    void* data = std::aligned_alloc(64, whole);
    if (data == nullptr) throw InternalError("out of memory");
    std::memset(data, 0xff, whole);
    return data;
  }
  void release_raw(void* data, MemoryKind) noexcept override { std::free(data); }

 private:
  PlainOps ops_;
};

}  // namespace

std::unique_ptr<Device> make_plain_device() { return std::make_unique<PlainDevice>(); }

}  // namespace convoy::test
