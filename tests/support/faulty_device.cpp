#include "tests/support/faulty_device.h"

#include <memory>

#include "core/ops/matmul.h"
#include "core/ops/matmul_pair.h"

namespace convoy::test {
namespace {

void apply(const BitFlip& flip, const Tensor& c) {
  const size_t width = size_of(c.dtype);
  auto* element = c.as<std::byte>() + static_cast<size_t>(flip.element % c.elements()) * width;
  const int bit = width == 4 ? flip.bit : flip.bit - 16;
  element[bit / 8] ^= std::byte{1} << (bit % 8);
}

}  // namespace

std::unique_ptr<Device> make_faulty_device(std::unique_ptr<Device> device, FaultPlan plan) {
  Ops& ops = device->ops();
  const auto products = std::make_shared<int64_t>(0);
  ops.wrap<Matmul>([plan, products](const auto& multiply, Stream& stream, const Matmul& args, const Tensor& scratch) {
    multiply(stream, args, scratch);
    if (const BitFlip* flip = plan((*products)++)) stream.run([c = args.c, flip] { apply(*flip, c); });
  });
  ops.wrap<MatmulPair>([&ops](const auto&, Stream& stream, const MatmulPair& args, const Tensor& scratch) {
    run_in_turn(ops, stream, args, scratch);
  });
  return device;
}

}  // namespace convoy::test
