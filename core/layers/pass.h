// One run over a graph as its layers see it: operators, stream, scratch, and whether this is training.
//
// The same layer code serves two ends. When planning, `measuring` is set: tensors have shapes but no memory, nothing is
// executed, and scratch only notes how much was asked for. So what is planned cannot differ from what is run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <typeindex>

#include "core/ops/dropout.h"
#include "core/ops/matmul.h"
#include "core/ops/ops.h"

namespace convoy {

// Memory that lives for one action of the plan, handed out front to back.
class Scratch {
 public:
  static constexpr size_t kAlignment = 256;

  Scratch() = default;
  explicit Scratch(Tensor memory) : memory_(memory) {}

  Tensor take(DType dtype, const Shape& shape);
  size_t peak_bytes() const { return peak_; }
  size_t used_bytes() const { return used_; }
  void rewind(size_t used) { used_ = used; }

 private:
  Tensor memory_;  // u8
  size_t used_ = 0, peak_ = 0;
};

// A copy between tensors, as a call: no device's operator, but what a CallObserver is told.
struct CopyBytes {
  size_t bytes = 0;
};

// Told of what a layer would call while it is planned: the argument struct's type, and the struct, without memory.
using CallObserver = std::function<void(std::type_index type, const void* args)>;

struct Pass {
  Ops& ops;
  Stream& stream;
  bool measuring = false;
  const CallObserver* observer = nullptr;  // of what is measured; null: nobody asks
  bool training = false;                   // dropout is on
  bool rows_alike = false;                 // of products: Matmul::rows_alike
  bool recompute = false;  // forward again inside backward: only what this layer's backward reads is wanted
  uint64_t seed = 0;
  Tensor first_sample;               // (1) i64 on the device: number of the micro-batch's first sample in the whole run
  int64_t sequences_per_sample = 1;  // which layers see as so many samples: dropout counts samples by it
  float loss_scale = 1;              // gradients are those of loss_scale * sum of losses
  float micro_batch_share = 1;       // of a step: 1 / its micro-batches on all ranks; what statistics are averaged with
  Tensor position;                   // i64 on the device: of the sequences' first token, (1) or of each (B); absent: 0
  std::string_view node = {};        // that is planned, for messages
  Scratch scratch;

  // Every operator a layer calls goes through here; it reserves the operator's own scratch. When planning, throws
  // ConfigError, naming node and operator, if the device has none.
  template <class Args>
  void run(const Args& args) {
    if (measuring && !ops.has<Args>()) throw_missing(typeid(Args));
    if (measuring) tell(args);
    const size_t mark = scratch.used_bytes();
    const size_t bytes = ops.scratch_bytes(args);
    const Tensor own = bytes > 0 ? scratch.take(DType::u8, {static_cast<int64_t>(bytes)}) : Tensor();
    if (!measuring) {
      if constexpr (std::is_same_v<Args, Matmul>) {
        Matmul product = args;
        product.rows_alike = rows_alike;
        ops.run(stream, product, own);
      } else {
        ops.run(stream, args, own);
      }
    }
    scratch.rewind(mark);
  }
  // Between tensors of one shape and dtype.
  void copy(const Tensor& to, const Tensor& from) {
    if (measuring)
      tell(CopyBytes{from.bytes()});
    else
      stream.copy(to.data, from.data, from.bytes());
  }
  void zero(const Tensor& tensor) {
    if (!measuring) stream.zero(tensor.data, tensor.bytes());
  }

  Dropout dropout(float p, uint32_t number, int64_t rows_per_sample) const {
    if (!training || p == 0) return {};
    return {p, seed, random_stream(RandomSite::dropout, number), rows_per_sample * sequences_per_sample, first_sample};
  }

 private:
  template <class Args>
  void tell(const Args& args) const {
    if (observer != nullptr && *observer) (*observer)(typeid(Args), &args);
  }
  [[noreturn]] void throw_missing(std::type_index args) const;
};

}  // namespace convoy
