// The operators a device implements: kernels/cpu and kernels/cuda.
//
// Each is enqueued on the stream and never synchronizes. Shapes, dtypes and formulas stand beside the argument structs.
// Unless a header says otherwise all activations of a call are of one dtype, f32 or bf16, sums are f32, and tensors of
// one call do not overlap.
//
// Deterministic: the bits depend on arguments alone, not on the number of threads nor on timing.
//
// scratch_bytes says how much scratch a call needs; it looks at shapes and dtypes only, data may be null. The plan
// reserves it.
#pragma once

#include "core/device/stream.h"
#include "core/ops/adamw.h"
#include "core/ops/attention.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/layer_norm.h"
#include "core/ops/matmul.h"
#include "core/ops/reductions.h"
#include "core/ops/rms_norm.h"

namespace convoy {

class Ops {
 public:
  virtual ~Ops() = default;

  virtual void run(Stream& stream, const Matmul& args) = 0;
  virtual void run(Stream& stream, const MatmulPair& args);  // one after the other
  virtual void run(Stream& stream, const LayerNormForward& args) = 0;
  virtual void run(Stream& stream, const LayerNormBackward& args) = 0;
  virtual void run(Stream& stream, const RmsNormForward& args) = 0;
  virtual void run(Stream& stream, const RmsNormBackward& args) = 0;
  virtual void run(Stream& stream, const AttentionForward& args) = 0;
  virtual void run(Stream& stream, const AttentionBackward& args) = 0;
  virtual void run(Stream& stream, const EmbeddingForward& args) = 0;
  virtual void run(Stream& stream, const EmbeddingBackward& args) = 0;
  virtual void run(Stream& stream, const DropoutApply& args) = 0;
  virtual void run(Stream& stream, const CrossEntropy& args) = 0;
  virtual void run(Stream& stream, const AdamW& args) = 0;
  virtual void run(Stream& stream, const Sum& args) = 0;
  virtual void run(Stream& stream, const SumSquares& args) = 0;
  virtual void run(Stream& stream, const ClipFactor& args) = 0;
  virtual void run(Stream& stream, const Add& args) = 0;
  virtual void run(Stream& stream, const TreeSum& args) = 0;
  virtual void run(Stream& stream, const Cast& args) = 0;
  virtual void run(Stream& stream, const Statistics& args) = 0;

  virtual size_t scratch_bytes(const Matmul&) const { return 0; }
  virtual size_t scratch_bytes(const MatmulPair& args) const;
  virtual size_t scratch_bytes(const LayerNormBackward&) const { return 0; }
  virtual size_t scratch_bytes(const RmsNormBackward&) const { return 0; }
  virtual size_t scratch_bytes(const AttentionForward&) const { return 0; }
  virtual size_t scratch_bytes(const AttentionBackward&) const { return 0; }
  virtual size_t scratch_bytes(const EmbeddingBackward&) const { return 0; }
};

}  // namespace convoy
