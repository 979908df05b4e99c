#include "kernels/cuda/cuda_products.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/logging.h"
#include "kernels/cuda/cuda_product.h"
#include "kernels/cuda/product_timing.h"

namespace convoy::cuda {

namespace {

struct ShapeHash {
  size_t operator()(const CudaProductShape& s) const {
    size_t hash = 0;
    for (const int64_t value :
         {s.M, s.N, s.K, s.a_columns, static_cast<int64_t>(s.input), static_cast<int64_t>(s.output),
          int64_t{s.a_transposed} | s.b_transposed << 1 | s.accumulate << 2 | s.bias << 3 | s.pre_activation << 4,
          static_cast<int64_t>(s.activation), static_cast<int64_t>(s.derivative_of)})
      hash = (hash ^ static_cast<size_t>(value)) * 0x9E3779B97F4A7C15u;
    return hash;
  }
};

// cuBLASLt makes GELU by tanh, and that by an instruction with an error of 2^-11: too much for f32, where 1 + tanh
// cancels besides. Its own kernel makes it by a sigmoid, which does not.
bool may_be_fused(const CudaProductShape& s) {
  const bool has_gelu = s.activation == Activation::gelu_tanh || s.derivative_of == Activation::gelu_tanh;
  return s.output != DType::f32 || !has_gelu;
}

}  // namespace

struct CudaProducts::Plans {
  CublasLt cublaslt;
  CudaProduct::Options options;
  std::mutex mutex;
  std::unordered_map<CudaProductShape, std::unique_ptr<CudaProduct>, ShapeHash> by_shape;
  std::unordered_map<CudaProductShape, bool, ShapeHash> planned;
  OperatorChoices choices;

  void open() {
    if (cublaslt) return;
    cublaslt = open_cublaslt();
    options.cublaslt = cublaslt.get();
  }

  CudaProduct::Options options_of(const CudaProductShape& shape) const {
    CudaProduct::Options with = options;
    with.fused = with.fused && may_be_fused(shape);
    return with;
  }

  std::unique_ptr<CudaProduct> make(const CudaProductShape& shape) const {
    const auto chosen = choices.find(shape.text());
    return chosen == choices.end()
               ? std::make_unique<CudaProduct>(shape, options_of(shape))
               : std::make_unique<CudaProduct>(shape, options_of(shape), ProductChoice::parse(chosen->second));
  }

  const CudaProduct& get(const CudaProductShape& shape) {
    const std::lock_guard lock(mutex);
    open();
    std::unique_ptr<CudaProduct>& plan = by_shape[shape];
    if (!plan) try {
        plan = make(shape);
      } catch (const InternalError& error) {
        if (choices.erase(shape.text()) == 0) throw;
        logging::warn("{}: {}", shape.text(), error.what());
        plan = make(shape);
      }
    return *plan;
  }
};

CudaProducts::CudaProducts(bool tf32) : plans_(std::make_unique<Plans>()) { plans_->options.tf32 = tf32; }

CudaProducts::~CudaProducts() = default;

void CudaProducts::run(Stream& stream, const Matmul& args, const Tensor& scratch) {
  const CudaProduct& plan = plans_->get(cuda_product_shape(args));
  const size_t wanted = plan.scratch().all();
  if (scratch.bytes() < wanted || (wanted > 0 && scratch.data == nullptr))
    throw InternalError(fmt::format("matmul: scratch of {} bytes, {} are needed", scratch.bytes(), wanted));
  plan.run(stream, args, scratch);
}

size_t CudaProducts::scratch_bytes(const Matmul& args) {
  const CudaProductShape shape = cuda_product_shape(args);
  if (args.a.data == nullptr && args.b.data == nullptr) {
    const std::lock_guard lock(plans_->mutex);
    plans_->planned.emplace(shape, true);
  }
  return CudaProductScratch(shape).all();
}

void CudaProducts::choose_by_time(Stream& stream) {
  const std::lock_guard lock(plans_->mutex);
  plans_->open();
  for (const auto& [shape, planned] : plans_->planned) {
    if (plans_->choices.contains(shape.text())) continue;
    const std::optional<ProductChoice> fastest = fastest_choice(stream, shape, plans_->options_of(shape));
    if (fastest) plans_->choices[shape.text()] = fastest->text();
  }
  plans_->by_shape.clear();
}

OperatorChoices CudaProducts::choices() const {
  const std::lock_guard lock(plans_->mutex);
  return plans_->choices;
}

// What was planned is made at once, so that it shows whether it can be. Of what was not planned here, such as another
// number of ranks' shapes, nothing is said.
size_t CudaProducts::adopt(const OperatorChoices& choices) {
  const std::lock_guard lock(plans_->mutex);
  plans_->open();
  plans_->by_shape.clear();
  plans_->choices = choices;
  size_t impossible = 0;
  for (const auto& [shape, planned] : plans_->planned) try {
      if (plans_->choices.contains(shape.text())) plans_->by_shape[shape] = plans_->make(shape);
    } catch (const InternalError&) {
      plans_->choices.erase(shape.text());
      ++impossible;
    }
  return impossible;
}

}  // namespace convoy::cuda
