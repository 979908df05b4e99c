// The operators on a CUDA device: hand-written kernels, one .cu file per operator, and cuBLASLt for matrix products.
//
// Deterministic: no atomics on floating-point numbers, and the order of every sum is fixed by shapes.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "core/ops/ops.h"

namespace convoy::cuda {

class CudaProducts;  // cuBLASLt's plans by shape, kernels/cuda/cuda_products.h

class CudaOps final : public Ops {
 public:
  CudaOps(const cudaDeviceProp& device, bool tf32);
  ~CudaOps() override;

  using Ops::run;  // of a pair one after the other: each product fills the device
  void run(Stream& stream, const Matmul& args) override;
  void run(Stream& stream, const LayerNormForward& args) override;
  void run(Stream& stream, const LayerNormBackward& args) override;
  void run(Stream& stream, const RmsNormForward& args) override;
  void run(Stream& stream, const RmsNormBackward& args) override;
  void run(Stream& stream, const AttentionForward& args) override;
  void run(Stream& stream, const AttentionBackward& args) override;
  void run(Stream& stream, const EmbeddingForward& args) override;
  void run(Stream& stream, const EmbeddingBackward& args) override;
  void run(Stream& stream, const DropoutApply& args) override;
  void run(Stream& stream, const CrossEntropy& args) override;
  void run(Stream& stream, const AdamW& args) override;
  void run(Stream& stream, const Sum& args) override;
  void run(Stream& stream, const SumSquares& args) override;
  void run(Stream& stream, const ClipFactor& args) override;
  void run(Stream& stream, const Add& args) override;
  void run(Stream& stream, const TreeSum& args) override;
  void run(Stream& stream, const Cast& args) override;
  void run(Stream& stream, const Statistics& args) override;

  using Ops::scratch_bytes;
  size_t scratch_bytes(const Matmul& args) const override;
  size_t scratch_bytes(const LayerNormBackward& args) const override;
  size_t scratch_bytes(const RmsNormBackward& args) const override;
  size_t scratch_bytes(const AttentionForward& args) const override;
  size_t scratch_bytes(const AttentionBackward& args) const override;
  size_t scratch_bytes(const EmbeddingBackward& args) const override;

 private:
  std::unique_ptr<CudaProducts> products_;
  size_t shared_bytes_limit_;  // of a block that asks for all it can get
};

}  // namespace convoy::cuda
