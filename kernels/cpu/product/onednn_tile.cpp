#include "kernels/cpu/product/onednn_tile.h"

#include <fmt/format.h>
#include <omp.h>

#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "kernels/cpu/product/onednn_compat.h"

namespace convoy::cpu {
namespace {

// oneDNN cuts its work, and with it the order of sums, by the number of threads it sees: let it see one.
class OneThread {
 public:
  OneThread() : threads_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_;
};

// Memory objects of one caller at a time; only their pointers change from call to call.
struct Operands {
  dnnl::stream stream;
  dnnl::memory a, b, bias, c, scratch;
};

class CompiledTile final : public OneDnnTile {
 public:
  // b: as it lies in the operand.
  CompiledTile(const dnnl::matmul::primitive_desc& description, const dnnl::memory::desc& b)
      : description_(description), primitive_(description), scratch_bytes_(description.scratchpad_desc().get_size()) {
    const dnnl::engine& engine = onednn_engine();
    const dnnl::memory::desc packed = description.weights_desc();
    if (packed == b) return;
    packed_bytes_ = packed.get_size();
    packing_ = dnnl::reorder(dnnl::reorder::primitive_desc(engine, b, engine, packed));
    plain_b_ = b;
  }

  size_t scratch_bytes() const override { return scratch_bytes_; }
  size_t packed_bytes() const override { return packed_bytes_; }
  void pack(const void* b, void* packed) override;
  bool packs_like(const OneDnnTile& other) const override;
  void run(const void* a, const void* b, const void* bias, void* c, void* scratch) override;

 private:
  std::unique_ptr<Operands> borrow();
  void give_back(std::unique_ptr<Operands> operands);
  std::unique_ptr<Operands> make_operands() const;

  dnnl::matmul::primitive_desc description_;
  dnnl::matmul primitive_;
  size_t scratch_bytes_, packed_bytes_ = 0;
  dnnl::memory::desc plain_b_;
  dnnl::reorder packing_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Operands>> idle_;
};

std::unique_ptr<Operands> CompiledTile::make_operands() const {
  const dnnl::engine& engine = onednn_engine();
  const auto empty = [&](const dnnl::memory::desc& desc) { return dnnl::memory(desc, engine, nullptr); };
  return std::make_unique<Operands>(Operands{dnnl::stream(engine), empty(description_.src_desc()),
                                             empty(description_.weights_desc()), empty(description_.bias_desc()),
                                             empty(description_.dst_desc()), empty(description_.scratchpad_desc())});
}

std::unique_ptr<Operands> CompiledTile::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Operands> operands = std::move(idle_.back());
      idle_.pop_back();
      return operands;
    }
  }
  return make_operands();
}

void CompiledTile::give_back(std::unique_ptr<Operands> operands) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(operands));
}

void CompiledTile::run(const void* a, const void* b, const void* bias, void* c, void* scratch) {
  const OneThread one_thread;
  std::unique_ptr<Operands> operands = borrow();
  operands->a.set_data_handle(const_cast<void*>(a));
  operands->b.set_data_handle(const_cast<void*>(b));
  operands->c.set_data_handle(c);
  operands->scratch.set_data_handle(scratch);
  std::array<dnnl_exec_arg_t, 5> arguments{{{DNNL_ARG_SRC, operands->a.get()},
                                            {DNNL_ARG_WEIGHTS, operands->b.get()},
                                            {DNNL_ARG_DST, operands->c.get()},
                                            {DNNL_ARG_SCRATCHPAD, operands->scratch.get()},
                                            {DNNL_ARG_BIAS, operands->bias.get()}}};
  const int count = bias == nullptr ? 4 : 5;
  if (bias != nullptr) operands->bias.set_data_handle(const_cast<void*>(bias));
  const dnnl_status_t status =
      dnnl_primitive_execute(primitive_.get(), operands->stream.get(), count, arguments.data());
  give_back(std::move(operands));
  if (status != dnnl_success)
    throw InternalError(fmt::format("oneDNN failed to multiply matrices, status {}", static_cast<int>(status)));
}

// Once for many tiles, so that it may allocate.
void CompiledTile::pack(const void* b, void* packed) {
  const OneThread one_thread;
  const dnnl::engine& engine = onednn_engine();
  dnnl::stream stream(engine);
  dnnl::memory from(plain_b_, engine, const_cast<void*>(b)), to(description_.weights_desc(), engine, packed);
  packing_.execute(stream, from, to);
}

bool CompiledTile::packs_like(const OneDnnTile& other) const {
  return description_.weights_desc() == static_cast<const CompiledTile&>(other).description_.weights_desc();
}

dnnl::memory::desc matrix(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, DType dtype) {
  return {dnnl::memory::dims{rows, columns}, onednn_type(dtype), dnnl::memory::dims{row_stride, column_stride}};
}

}  // namespace

std::unique_ptr<OneDnnTile> OneDnnTile::compile(const TileShape& shape) {
  const OneThread one_thread;
  const auto a = matrix(shape.rows, shape.inner, shape.a_row_stride, shape.a_column_stride, shape.input);
  const auto b = matrix(shape.inner, shape.columns, shape.b_row_stride, shape.b_column_stride, shape.input);
  const auto c = matrix(shape.rows, shape.columns, shape.c_row_stride, 1, shape.output);
  const auto bias = shape.bias ? matrix(1, shape.columns, shape.columns, 1, shape.input) : dnnl::memory::desc();
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (shape.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    attributes.set_post_ops(sum);
  }
  try {
    const dnnl::memory::desc any_b(dnnl::memory::dims{shape.inner, shape.columns}, onednn_type(shape.input),
                                   dnnl::memory::format_tag::any);
    const auto description = describe_product(a, shape.b_packed ? any_b : b, bias, c, attributes);
    if (!description || (shape.b_packed && description.weights_desc() == b)) return nullptr;
    return std::make_unique<CompiledTile>(description, b);
  } catch (const dnnl::error& error) {
    throw InternalError(fmt::format("oneDNN cannot compile a {} product of {} x {} x {}: {}", name_of(shape.input),
                                    shape.rows, shape.columns, shape.inner, error.what()));
  }
}

}  // namespace convoy::cpu
