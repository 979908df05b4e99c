#include "tests/virtual_gpu/blas/run_problem.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>

#include "tests/virtual_gpu/blas/element.h"
#include "tests/virtual_gpu/blas/workspace.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::vgpu {
namespace {
using Bytes = uint64_t;

int64_t stride_bytes(int64_t elements, cudaDataType_t type) {
  return elements * static_cast<int64_t>(element_bytes(type));
}

class Run {
 public:
  Run(const Problem& problem, const Algorithm& algorithm, const Operands& operands)
      : p_(problem), algorithm_(algorithm), o_(operands) {}

  int begin() {
    static uint32_t serial = 0;
    mark_ = std::make_unique<WorkspaceMark>(++serial);
    uint8_t* workspace = host_workspace();
    if (!workspace) return cudaErrorIllegalAddress;
    mark_->put(workspace, algorithm_.workspace_bytes);
    return cudaSuccess;
  }

  int end() {
    const auto begin = std::chrono::steady_clock::now();
    if (mark_) {
      const uint8_t* workspace = host_workspace();
      if (!workspace) return cudaErrorIllegalAddress;
      if (!mark_->is_intact(workspace, algorithm_.workspace_bytes)) {
        fprintf(stderr, "vgpu: the workspace of %s was written while it ran; give each stream a workspace of its own\n",
                p_.name().c_str());
        return cudaErrorLaunchFailure;
      }
    }
    for (int64_t batch = 0; batch < p_.d.batch_count; ++batch)
      if (!multiply_one(batch)) return cudaErrorIllegalAddress;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    vgpu_spend(algorithm_.counted_ms(p_));
    if (vgpu_profiling()) vgpu_profile(p_.name().c_str(), bytes_read(), bytes_written(), flops(), elapsed.count());
    return cudaSuccess;
  }

 private:
  uint8_t* host_workspace() const {
    return static_cast<uint8_t*>(vgpu_host_pointer(o_.workspace, algorithm_.workspace_bytes, "matmul workspace"));
  }

  // Where the host sees a batch's matrix; data is null, after a message, if that is not valid memory.
  static MatrixView view(const void* data, const MatrixLayout& l, int64_t batch, const char* what) {
    const void* at = static_cast<const char*>(data) + batch * stride_bytes(l.batch_stride, l.data_type());
    return {vgpu_host_pointer(at, l.bytes(), what), l.data_type(), l.row_stride(), l.column_stride()};
  }

  bool fill_vectors(int64_t batch, EpilogueArguments& args) const {
    const MatmulDesc& desc = p_.desc;
    args.bias_type = p_.bias_type();
    args.aux_type = p_.aux_type();
    args.aux_ld = desc.aux_ld;
    if (p_.epilogue.uses_bias()) {
      char* at = static_cast<char*>(desc.bias) + batch * stride_bytes(desc.bias_batch_stride, args.bias_type);
      args.bias = args.bias_gradient = vgpu_host_pointer(at, bias_bytes(), "matmul bias");
      if (!args.bias) return false;
    }
    if (p_.epilogue.uses_aux()) {
      char* at = static_cast<char*>(desc.aux) + batch * stride_bytes(desc.aux_batch_stride, args.aux_type);
      const int64_t elements = desc.aux_ld * (p_.n - 1) + p_.m;
      args.aux =
          vgpu_host_pointer(at, static_cast<Bytes>(stride_bytes(elements, args.aux_type)), "matmul epilogue aux");
      if (!args.aux) return false;
    }
    return true;
  }

  bool multiply_one(int64_t batch) const {
    const MatrixView a = view(o_.a, p_.a, batch, "matmul A"), b = view(o_.b, p_.b, batch, "matmul B");
    EpilogueArguments args{.alpha = o_.alpha, .beta = o_.beta, .d = view(o_.d, p_.d, batch, "matmul D")};
    if (o_.beta != 0) args.c = view(o_.c, p_.c, batch, "matmul C");
    if (!a.data || !b.data || !args.d.data || (o_.beta != 0 && !args.c.data) || !fill_vectors(batch, args))
      return false;
    const MatrixView op_a = p_.desc.transpose_a == CUBLAS_OP_N ? a : a.transposed();
    const MatrixView op_b = p_.desc.transpose_b == CUBLAS_OP_N ? b : b.transposed();
    std::vector<float> product(static_cast<size_t>(p_.m * p_.n));
    multiply_in_parts(op_a, op_b, product);
    apply_epilogue(p_.epilogue, args, product.data(), p_.m, p_.n);
    if (p_.epilogue.bias_gradient == BiasGradient::of_a)
      sum_over_k(op_a, p_.m, p_.k, args.bias_type, args.bias_gradient);
    if (p_.epilogue.bias_gradient == BiasGradient::of_b)
      sum_over_k(op_b.transposed(), p_.n, p_.k, args.bias_type, args.bias_gradient);
    return true;
  }

  void multiply_in_parts(const MatrixView& a, const MatrixView& b, std::vector<float>& product) const {
    const auto parts = static_cast<int64_t>(algorithm_.parts);
    std::vector<float> part(parts > 1 ? product.size() : 0);
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t begin = i * p_.k / parts, end = (i + 1) * p_.k / parts;
      const auto from = [begin](const MatrixView& view, int64_t stride) {
        MatrixView rest = view;
        rest.data = static_cast<const char*>(view.data) + stride_bytes(begin * stride, view.type);
        return rest;
      };
      multiply(from(a, a.column_stride), from(b, b.row_stride), p_.m, p_.n, end - begin, p_.tf32(), vgpu_threads(),
               i == 0 ? product.data() : part.data());
      for (size_t k = 0; i > 0 && k < product.size(); ++k) product[k] += part[k];
    }
  }

  // For the profile: each operand once.
  Bytes bias_bytes() const {
    return static_cast<Bytes>(stride_bytes(p_.epilogue.bias_length(p_.m, p_.n), p_.bias_type()));
  }
  Bytes result_bytes(cudaDataType_t type) const { return static_cast<Bytes>(stride_bytes(p_.m * p_.n, type)); }
  Bytes bytes_read() const {
    Bytes bytes = static_cast<Bytes>(stride_bytes((p_.m + p_.n) * p_.k, p_.a.data_type()));
    if (o_.beta != 0) bytes += result_bytes(p_.c.data_type());
    if (p_.epilogue.adds_bias) bytes += bias_bytes();
    if (p_.epilogue.reads_aux()) bytes += result_bytes(p_.aux_type());
    return bytes * static_cast<Bytes>(p_.d.batch_count);
  }
  Bytes bytes_written() const {
    Bytes bytes = result_bytes(p_.d.data_type());
    if (p_.epilogue.writes_aux) bytes += result_bytes(p_.aux_type());
    if (p_.epilogue.bias_gradient != BiasGradient::none) bytes += bias_bytes();
    return bytes * static_cast<Bytes>(p_.d.batch_count);
  }
  uint64_t flops() const { return static_cast<uint64_t>(2 * p_.m * p_.n * p_.k * p_.d.batch_count); }

  const Problem p_;
  const Algorithm algorithm_;
  const Operands o_;
  std::unique_ptr<WorkspaceMark> mark_;
};
}  // namespace

void enqueue_problem(cudaStream_t stream, const Problem& problem, const Algorithm& algorithm,
                     const Operands& operands) {
  const auto run = std::make_shared<Run>(problem, algorithm, operands);
  if (algorithm.workspace_bytes) {  // other streams may get on between begin and end
    const std::function<int()> begin = [run] { return run->begin(); };
    vgpu_enqueue_part(stream, &begin);
  }
  const std::function<int()> end = [run] { return run->end(); };
  vgpu_enqueue(stream, &end);
}
}  // namespace convoy::vgpu
