#include "kernels/cpu/matmul.h"

#include "core/ops/check_matmul.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product_cache.h"

namespace convoy::cpu {

void run_matmul(ProductCache& products, Stream& stream, const Matmul& args) {
  check_matmul(args);
  const Product& product = products.get(product_shape(args));
  enqueue(stream, [&product, args] { product.run(args); });
}

}  // namespace convoy::cpu
