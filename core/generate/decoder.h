// The program that reads some tokens behind those that states know, and tells what may come next.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/device/recurring_work.h"
#include "core/graph/graph.h"
#include "core/plan/program.h"
#include "core/plan/states.h"

namespace convoy {

// Tokens that there is to be room for, in place of `kept`, where so many must be held: room doubles, so that what is
// known moves seldom.
int64_t larger_room(int64_t kept, int64_t tokens, int64_t context);

class Decoder {
 public:
  // graph: B sequences of T tokens that end in the last tokens' logits. states: made, if there are none. All outlive
  // it.
  Decoder(Device& device, Stream& stream, const ParameterStorage& parameters, Graph graph,
          std::unique_ptr<States>& states);

  int64_t tokens() const { return T_; }  // of a sequence
  // tokens (B, T), the first of each sequence at its position (B) -> logits (B, V).
  void run(const int32_t* tokens, std::span<const int64_t> positions, std::vector<float>& logits);

 private:
  Device& device_;
  Stream& stream_;
  Graph graph_;
  ParameterLayout layout_;
  int64_t T_ = 0;
  Memory memory_, positions_, on_host_;  // on_host_: tokens, positions, logits
  std::unique_ptr<Program> program_;
  std::unique_ptr<Pass> pass_;
  RecurringWork work_{[this] { program_->run(*pass_); }};
};

}  // namespace convoy
