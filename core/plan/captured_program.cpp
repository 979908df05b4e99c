#include "core/plan/captured_program.h"

namespace convoy {

CapturedProgram::CapturedProgram(Device& device, const Program& program, const Pass& pass,
                                 const std::vector<std::vector<int64_t>>& cuts)
    : device_(device), program_(program), pass_(pass) {
  const std::vector<BoundAction>& actions = program.actions();
  size_t begin = 0;
  std::vector<size_t> cut(cuts.size(), 0);  // of each group, the next
  for (size_t i = 0; i < actions.size(); ++i) {
    const std::vector<size_t> reached = cut;
    for (size_t g = 0; g < cuts.size(); ++g)
      while (cut[g] < cuts[g].size() && actions[i].final_from[g] <= cuts[g][cut[g]]) ++cut[g];
    const bool last = i + 1 == actions.size();
    const bool alone = actions[i].communicates() || (!last && actions[i + 1].communicates());
    if (cut == reached && !alone && !last) continue;
    pieces_.push_back({RecurringWork([this, begin, end = i + 1] { program_.run(pass_, begin, end); }),
                       !actions[i].communicates(), actions[i].final_from});
    begin = i + 1;
  }
}

void CapturedProgram::run(const AfterPiece& after) {
  for (Piece& piece : pieces_) {
    if (piece.capturable)
      piece.work.run(device_, pass_.stream);
    else
      piece.work.run_uncaptured();
    if (after) after(piece.final_from);
  }
}

}  // namespace convoy
