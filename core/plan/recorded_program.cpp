#include "core/plan/recorded_program.h"

namespace convoy {

RecordedProgram::RecordedProgram(Device& device, const Program& program, const Pass& pass,
                                 const std::vector<int64_t>& cuts)
    : device_(device), program_(program), pass_(pass) {
  const std::vector<BoundAction>& actions = program.actions();
  size_t begin = 0, cut = 0;
  for (size_t i = 0; i < actions.size(); ++i) {
    const size_t reached = cut;
    while (cut < cuts.size() && actions[i].final_from <= cuts[cut]) ++cut;
    if (cut == reached && i + 1 < actions.size()) continue;
    pieces_.push_back({begin, i + 1, nullptr});
    begin = i + 1;
  }
}

void RecordedProgram::run(const AfterPiece& after) {
  for (Piece& piece : pieces_) {
    if (warm_ && !piece.work) piece.work = device_.record(pass_.stream, [this, &piece] { enqueue(piece); });
    if (piece.work)
      piece.work->run(pass_.stream);
    else
      enqueue(piece);
    if (after) after(program_.actions()[piece.end - 1].final_from);
  }
  warm_ = true;
}

}  // namespace convoy
