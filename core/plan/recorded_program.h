// A training program cut where gradients become final, each piece recorded and replayed: a CUDA graph per piece.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/device/device.h"
#include "core/plan/program.h"

namespace convoy {

class RecordedProgram {
 public:
  // cuts: elements of the flat gradients, descending. A piece ends with the action behind which all gradients at or
  // above a cut are final; the last piece ends with the program. Everything outlives this; pass is copied.
  RecordedProgram(Device& device, const Program& program, const Pass& pass, const std::vector<int64_t>& cuts);

  // final_from: as Action's, after each piece.
  using AfterPiece = std::function<void(int64_t final_from)>;
  // The first run enqueues action by action, the second records.
  void run(const AfterPiece& after = {});

  size_t pieces() const { return pieces_.size(); }

 private:
  struct Piece {
    size_t begin = 0, end = 0;  // actions
    std::unique_ptr<RecordedWork> work;
  };
  void enqueue(const Piece& piece) { program_.run(pass_, piece.begin, piece.end); }

  Device& device_;
  const Program& program_;
  Pass pass_;
  std::vector<Piece> pieces_;
  bool warm_ = false;
};

}  // namespace convoy
