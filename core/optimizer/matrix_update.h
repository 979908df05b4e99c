// A group of hidden matrices after a step's gradients: what each rank owns becomes a direction, the directions of a
// bucket come together on the ranks that shard it, and each rank makes the steps of the matrices of which it owns some.
// Two ranks that share a matrix both compute it, with the same bits.
#pragma once

#include <deque>
#include <vector>

#include "core/comm/communication.h"
#include "core/device/memory_use.h"
#include "core/device/recurring_work.h"
#include "core/optimizer/matrix_optimizer.h"
#include "core/parameters/hidden_matrices.h"
#include "core/parameters/sharding.h"

namespace convoy {

class MatrixUpdate {
 public:
  // What groups that are updated one after the other share, in bytes.
  struct Memory {
    size_t directions = 0;  // of a bucket of all ranks; 0: they take the gradients' place
    size_t workspace = 0;   // of the steps
    size_t all() const;
    Memory& operator|=(const Memory& other);  // enough for both
  };
  static Memory planned_memory(const ParameterLayout& layout, const Sharding& sharding,
                               const MatrixOptimizer& optimizer, const Ops& ops);
  // By a rank in a step, core/comm/bytes_sent.h.
  static size_t sent_bytes(const Sharding& sharding);

  // An owned range and what there is of it.
  struct Owned {
    OwnedRange range;
    UpdateTensors tensors;
  };
  // Everything outlives this. memory: u8, of all() bytes of `sizes`, at a multiple of 256.
  MatrixUpdate(Communication& communication, const ParameterLayout& layout, const Sharding& sharding,
               const MatrixOptimizer& optimizer, std::vector<Owned> owned, const Memory& sizes, const Tensor& memory);

  // Enqueues update number t. Collective. capture: as OptimizerStep has it.
  void run(int64_t t, bool capture);

 private:
  // Of one bucket, or of everything where nothing is sharded.
  struct Part {
    std::vector<const Owned*> owned;
    std::vector<MatrixPlace> matrices;  // of which this rank owns some
    int64_t begin = 0;                  // flat element that the directions begin with
    int64_t shard = 0;                  // elements of a rank's shard; 0: nothing is to be brought together
    Tensor directions;
    RecurringWork before, after;
  };

  void add_part(std::vector<const Owned*> owned, int64_t begin, int64_t end, int64_t shard, const Tensor& directions);
  void make_directions(const Part& part);
  void make_steps(const Part& part);
  Tensor direction_of(const Part& part, const Owned& owned) const;
  void bring_together(const Part& part, int64_t t);
  void run(RecurringWork& work, bool capture);

  Communication& communication_;
  Ops& ops_;
  Stream& compute_;
  const Sharding& sharding_;
  const MatrixOptimizer& optimizer_;
  const std::vector<MatrixPlace> matrices_;
  const std::vector<Owned> owned_;
  Tensor workspace_;
  std::deque<Part> parts_;
};

}  // namespace convoy
