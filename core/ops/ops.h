// The operators of a device: a table from argument struct to function, filled by kernels/cpu and kernels/cuda.
//
// Each is enqueued on the stream and never synchronizes. Shapes, dtypes and formulas stand beside the argument structs.
// Unless a header says otherwise all activations of a call are of one dtype, f32 or bf16, sums are f32, and tensors of
// one call do not overlap.
//
// Deterministic: the bits depend on arguments alone, not on the number of threads nor on timing.
//
// A device need not have every operator. Who plans asks has(); what is run without having been planned throws.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <unordered_map>

#include "core/device/stream.h"
#include "core/tensor/tensor.h"

namespace convoy {

// How matrices are to be shaped that a layer makes for itself, where it may choose: what pays for the device's
// products. It decides bits and memory, so it is the same whether or not the device is there.
struct PreferredMatrices {
  int64_t column_unit = 1;  // rows of so many elements, or of a multiple of it
  int64_t row_unit = 1;     // likewise, how many rows of a large matrix are made and used at a time
  int64_t most_rows = std::numeric_limits<int64_t>::max();
  size_t most_bytes = size_t{64} << 20;  // what a CPU's caches hold a part of

  // How many of N rows of so many bytes are made at a time; the last ones may be fewer.
  int64_t rows_at_a_time(int64_t N, size_t row_bytes) const {
    const int64_t most = std::min(most_rows, static_cast<int64_t>(most_bytes / row_bytes));
    return std::clamp(std::max(most / row_unit, int64_t{1}) * row_unit, int64_t{1}, N);
  }
};

// Of an operator of some shape there may be several ways, which differ in time and in the last bits: which one was
// chosen, by the shape's name.
using OperatorChoices = std::map<std::string, std::string>;

class Ops {
 public:
  template <class Args>
  using Run = std::function<void(Stream&, const Args&, const Tensor& scratch)>;

  explicit Ops(std::string device, PreferredMatrices matrices = {})
      : device_(std::move(device)), preferred_matrices_(matrices) {}
  virtual ~Ops() = default;
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;

  // "cpu", "cuda": for messages.
  const std::string& device() const { return device_; }

  // Times, on the device, the ways of all that was planned so far and has no choice yet, and chooses the fastest. Takes
  // seconds, and memory that it gives back. What is planned later is not timed.
  virtual void choose_by_time(Stream&) {}
  virtual OperatorChoices choices() const { return {}; }
  // Those are taken from now on, before anything runs. Returns how many cannot be, on this device.
  virtual size_t adopt(const OperatorChoices&) { return 0; }

  const PreferredMatrices& preferred_matrices() const { return preferred_matrices_; }

  template <class Args>
  bool has() const {
    return table_.contains(typeid(Args));
  }

  // Bytes of scratch that run() wants for such a call; looks at shapes and dtypes only, data may be null.
  template <class Args>
  size_t scratch_bytes(const Args& args) const {
    const Operator& op = find(typeid(Args));
    return op.scratch_bytes ? op.scratch_bytes(&args) : 0;
  }

  // Enqueues the operator. scratch: at least scratch_bytes(args), absent if that is 0; it may be overwritten.
  template <class Args>
  void run(Stream& stream, const Args& args, const Tensor& scratch = {}) {
    find(typeid(Args)).run(stream, &args, scratch);
  }

  // Adds an operator: function(stream, args), or function(stream, args, scratch) for an operator that wants bytes(args)
  // of it.
  template <class Args, class Function>
  void add(Function function) {
    add_operator<Args>(function, {});
  }
  template <class Args, class Function, class Bytes>
  void add(Function function, Bytes bytes) {
    add_operator<Args>(function, [bytes](const void* args) { return bytes(*static_cast<const Args*>(args)); });
  }

  // As wrap(), of every operator that is there: around(stream, type of the arguments, arguments, run), of which run()
  // enqueues what was there before. For those who count or time.
  using AroundAll = std::function<void(Stream&, std::type_index, const void* args, const std::function<void()>& run)>;
  void wrap_all(const AroundAll& around) {
    for (auto& [type, op] : table_)
      op.run = [type = type, inner = op.run, around](Stream& stream, const void* args, const Tensor& scratch) {
        around(stream, type, args, [&] { inner(stream, args, scratch); });
      };
  }

  // Puts a function in the operator's place, which may call what was there: run(before, stream, args, scratch). For
  // devices that tests make fail.
  template <class Args, class Around>
  void wrap(Around around) {
    Operator& op = table_.at(typeid(Args));
    const Run<Args> before = [inner = op.run](Stream& stream, const Args& args, const Tensor& scratch) {
      inner(stream, &args, scratch);
    };
    op.run = [before, around](Stream& stream, const void* args, const Tensor& scratch) {
      around(before, stream, *static_cast<const Args*>(args), scratch);
    };
  }

 private:
  struct Operator {
    std::function<void(Stream&, const void* args, const Tensor& scratch)> run;
    std::function<size_t(const void* args)> scratch_bytes;  // absent: none
  };

  template <class Args, class Function>
  void add_operator(Function function, std::function<size_t(const void*)> bytes) {
    table_[typeid(Args)] = {[function](Stream& stream, const void* args, const Tensor& scratch) {
                              if constexpr (std::invocable<Function, Stream&, const Args&, const Tensor&>)
                                function(stream, *static_cast<const Args*>(args), scratch);
                              else
                                function(stream, *static_cast<const Args*>(args));
                            },
                            std::move(bytes)};
  }

  // Throws InternalError, naming the device and the operator, if it is not there.
  const Operator& find(std::type_index args) const;

  std::string device_;
  PreferredMatrices preferred_matrices_;
  std::unordered_map<std::type_index, Operator> table_;
};

// "NormForward", for messages.
std::string operator_name(std::type_index args);

}  // namespace convoy
