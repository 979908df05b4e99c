// What a debug run looks at after every operator: values that are not finite, writes beyond a buffer, and per-layer
// statistics. Slow by intention: it waits for the device after every action.
#pragma once

#include <functional>
#include <string>

#include "core/train/model.h"

namespace convoy {

inline constexpr size_t kDebugGuardBytes = 256;

class DebugChecks {
 public:
  using Print = std::function<void(const std::string& line)>;

  // The program must have been planned with kDebugGuardBytes.
  DebugChecks(Device& device, Stream& stream, const Program& program, const Tensor& arena, Print print);

  static MemoryUse planned_memory();

  // Statistics of every tensor of the next pass are printed, or not.
  void print_next_pass(bool print) { print_next_ = print; }
  // Before a pass: writes the first guards.
  void begin();
  // After an action. Throws InternalError naming the layer and tensor that first held a NaN or an infinity, or whose
  // neighbour's guard was overwritten.
  void after(const BoundAction& action);

 private:
  void write_guards(int first_action);
  void check_guards(const std::string& layer);
  std::byte* guard_of(const PlannedBuffer& buffer) const;
  void check(const std::string& what, const Tensor& tensor);

  Device& device_;
  Stream& stream_;
  const Program& program_;
  Tensor arena_;
  Print print_;
  Memory result_, result_on_host_, guard_on_host_, pattern_;
  int action_ = 0;
  bool print_next_ = true, printing_ = false;
};

}  // namespace convoy
