#include "kernels/cpu/product_run.h"

#include "kernels/cpu/first_failure.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

// What a thread has packed lies in its scratch as long as it stays within one call.
struct Packed {
  const ProductCall* call = nullptr;
  int64_t column = -1;
};

}  // namespace

ProductCall::ProductCall(const Product& product, const Matmul& args)
    : product_(&product), args_(&args), grid_(product.grid(omp_get_max_threads())) {}

int64_t ProductCall::tile_work() const {
  return grid_.tile_rows * grid_.tile_columns * product_shape(*args_).K;
}

void ProductCall::cut_end_finely() { grid_ = product_->with_fine_end(grid_, omp_get_max_threads()); }

void ProductCall::run_tile(int64_t index, int64_t& packed_column) const {
  product_->run_tile(*args_, grid_, index, likely_next(index, tiles()), packed_column);
}

void run_products(std::span<ProductCall> calls) {
  calls.back().cut_end_finely();
  int64_t tiles = 0;
  for (const ProductCall& call : calls) tiles += call.tiles();
  FirstFailure failure;
  parallel_for_with(Packed{}, tiles, [&](Packed& packed, int64_t index) {
    const ProductCall* call = calls.data();
    for (; index >= call->tiles(); ++call) index -= call->tiles();
    if (packed.call != call) packed = {call, -1};
    failure.guard([&] { call->run_tile(index, packed.column); });
  });
  failure.rethrow();
}

}  // namespace convoy::cpu
