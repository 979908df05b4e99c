// The memory of a plan's states: what layers keep from pass to pass, found by name, so that programs for sequences of
// several lengths share it.
#pragma once

#include <map>
#include <string>

#include "core/device/device.h"
#include "core/plan/plan.h"

namespace convoy {

class States {
 public:
  // Of all the plan's layers, zero.
  States(Device& device, Stream& stream, const Plan& plan);

  // Throws InternalError if there is none of that name, dtype and shape.
  Tensor find(const StateSpec& spec) const;

  // What `from` holds, of states with a row for each token (1, tokens, width) the first `tokens` of them: this one has
  // room for more. Enqueued.
  void copy(Stream& stream, const States& from, int64_t tokens);

  // Of states of several sequences, (B, tokens, width): the first `tokens` of row `row` become those of row `of`.
  // Enqueued.
  void copy_row(Stream& stream, int64_t row, const States& from, int64_t of, int64_t tokens);

 private:
  Memory memory_;
  std::map<std::string, Tensor> by_name_;
};

}  // namespace convoy
