// How long each operator of a device takes where it is: in a training step, at the model's shapes, by the stream's own
// clock. What two streams do at the same time counts in both.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/device/device.h"
#include "core/plan/operator_work.h"

namespace convoy {

// Calls of one operator with one shape.
struct ProfiledOperator {
  std::string name;                 // "Matmul"
  std::vector<OperatorWork> works;  // of a call; empty: not known
  int64_t calls = 0;
  double ms = 0;  // of all calls

  double flops() const;  // of all calls: products and attention
  double bytes() const;  // of all calls, at the least
};

class OperatorProfile {
 public:
  // From now on the device's operators can be timed; they stay wrapped, at no cost to speak of, when this has ended.
  explicit OperatorProfile(Device& device);

  void start();
  // Waits for what was timed. The longest first.
  std::vector<ProfiledOperator> stop();

 private:
  struct Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace convoy
