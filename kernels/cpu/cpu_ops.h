// The CPU's operators: the specification that other devices are tested against, and fast enough to train with.
//
// Panels of our own and oneDNN multiply; everything else is SIMD under OpenMP. The order of every sum follows from
// shapes alone, so that results have the same bits for any number of threads.
#pragma once

#include <memory>

#include "core/ops/ops.h"

namespace convoy::cpu {

class ProductCache;  // compiled products by shape, kernels/cpu/product_cache.h

class CpuOps final : public Ops {
 public:
  CpuOps();
  ~CpuOps() override;

  void run(Stream& stream, const Matmul& args) override;
  void run(Stream& stream, const MatmulPair& args) override;
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

  // Of the others none: products and attention's backward work in memory of their threads, thread_scratch.h.
  using Ops::scratch_bytes;
  size_t scratch_bytes(const LayerNormBackward& args) const override;
  size_t scratch_bytes(const RmsNormBackward& args) const override;
  size_t scratch_bytes(const AttentionForward& args) const override;

 private:
  std::unique_ptr<ProductCache> products_;
};

}  // namespace convoy::cpu
