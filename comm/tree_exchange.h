// The sum over a group's ranks of one buffer, in the order of the fixed tree: level by level (core/comm/levels.h) an
// all-to-all of parts and their TreeSum by each part's owner and, unless every rank keeps only its own part,
// all-gathers back. Moves the bytes of a reduce-scatter, and of the all-gather.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/comm/leveled_group.h"

namespace convoy {

// What is summed. Without memory when planning.
struct SummedBuffer {
  Tensor values;   // f32; with own_sum as many elements as it times the ranks, else any
  Tensor own_sum;  // f32: where this rank's part goes, by its place; absent: all of the sum goes to values
};

class TreeExchange {
 public:
  // Everything happens on the stream. buffers: all that will come. wire: f32 or bf16. memory: bytes() of it, to work in
  // while a run goes on; exchanges of one stream may share it.
  TreeExchange(Device& device, Stream& stream, const LeveledGroup& group, DType wire,
               const std::vector<SummedBuffer>& buffers, void* memory);

  static size_t bytes(const std::vector<SummedBuffer>& buffers, const Levels& levels, DType wire);
  // Of a run over all buffers, by one rank.
  static size_t sent_bytes(const std::vector<SummedBuffer>& buffers, const Levels& levels, DType wire);

  // Enqueues a buffer's sum. Afterwards values hold it, or with own_sum nothing of use.
  void run(const SummedBuffer& buffer);

 private:
  void sum(Tensor part, const Tensor& own_sum);
  void sum_level(size_t level, const Tensor& part, const Tensor& sum);
  void convert(const Tensor& to, const Tensor& from);

  Device& device_;
  Stream& stream_;
  const LeveledGroup& group_;
  const DType wire_;
  std::byte* received_ = nullptr;
  std::byte* staged_ = nullptr;
  std::byte* sum_ = nullptr;  // null where no buffer needs it
  std::vector<std::unique_ptr<RegisteredMemory>> registered_;
};

}  // namespace convoy
