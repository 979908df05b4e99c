#include "kernels/cpu/product/run.h"

#include <algorithm>

#include "kernels/cpu/first_failure.h"
#include "kernels/cpu/team.h"

namespace convoy::cpu {

ProductCall::ProductCall(const Product& product, const Matmul& args)
    : product_(&product),
      args_(&args),
      grid_(product.grid(Team::size())),
      whole_tiles_(grid_.whole_tiles(), Team::size()),
      parts_(grid_.parts(), 1) {}

int64_t ProductCall::tile_work() const { return grid_.tile_rows * grid_.tile_columns * product_shape(*args_).K; }

void ProductCall::cut_end_finely() {
  const int threads = Team::size();
  grid_ = product_->with_fine_end(grid_, threads);
  whole_tiles_.reset(grid_.whole_tiles(), threads);
  parts_.reset(grid_.parts(), 1);
}

void ProductCall::work(int thread) {
  int64_t packed_column = -1;
  for (int64_t tile; (tile = whole_tiles_.take(thread)) >= 0;) {
    const int64_t next = whole_tiles_.likely_next(thread);
    product_->run_tile(*args_, grid_, tile, next >= 0 ? next : tile, packed_column);
  }
  const int64_t first = grid_.whole_tiles(), last = grid_.tiles() - 1;
  for (int64_t part; (part = parts_.take(thread)) >= 0;)
    product_->run_tile(*args_, grid_, first + part, std::min(first + part + Team::size(), last), packed_column);
}

void run_products(std::span<ProductCall* const> calls) {
  calls.back()->cut_end_finely();
  int64_t tiles = 0;
  for (const ProductCall* call : calls) tiles += call->tiles();
  FirstFailure failure;
  const auto work = [&](int thread) {
    failure.guard([&] {
      for (ProductCall* call : calls) call->work(thread);
    });
  };
  tiles > 1 ? Team::run(work) : work(0);
  failure.rethrow();
}

}  // namespace convoy::cpu
