// A training program cut where gradients become final, each piece captured and replayed: a CUDA graph per piece.
#pragma once

#include <functional>
#include <vector>

#include "core/device/recurring_work.h"
#include "core/plan/program.h"

namespace convoy {

class CapturedProgram {
 public:
  // cuts: of each group that is trained, elements of its flat gradients, descending. A piece ends with the action
  // behind which all gradients of a group at or above a cut are final; the last piece ends with the program. What
  // communicates is a piece of its own and is never captured. Everything outlives this; pass is copied.
  CapturedProgram(Device& device, const Program& program, const Pass& pass,
                  const std::vector<std::vector<int64_t>>& cuts);

  // final_from: as Action's, after each piece.
  using AfterPiece = std::function<void(const std::vector<int64_t>& final_from)>;
  // The first run enqueues action by action, the second captures.
  void run(const AfterPiece& after = {});

  size_t pieces() const { return pieces_.size(); }

 private:
  struct Piece {
    RecurringWork work;
    bool capturable = true;
    std::vector<int64_t> final_from;
  };

  Device& device_;
  const Program& program_;
  Pass pass_;
  std::vector<Piece> pieces_;
};

}  // namespace convoy
