#include "kernels/cpu/product/matmul.h"

#include <array>
#include <utility>

#include "core/ops/check_matmul.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product/cache.h"
#include "kernels/cpu/product/run.h"

namespace convoy::cpu {

void run_matmul(ProductCache& products, Stream& stream, const Matmul& args) {
  check_matmul(args);
  const Product& product = products.get(product_shape(args));
  enqueue(stream, [&product, args] {
    ProductCall call(product, args);
    run_products(std::array{&call});
  });
}

void run_matmul(ProductCache& products, Stream& stream, const MatmulPair& args) {
  check_matmul(args.first);
  check_matmul(args.second);
  const Product &first = products.get(product_shape(args.first)), &second = products.get(product_shape(args.second));
  enqueue(stream, [&first, &second, args] {
    ProductCall first_call(first, args.first), second_call(second, args.second);
    std::array calls{&first_call, &second_call};
    // Small tiles last: they fill the time until the last large one is done.
    if (calls[0]->tile_work() < calls[1]->tile_work()) std::swap(calls[0], calls[1]);
    run_products(calls);
  });
}

}  // namespace convoy::cpu
