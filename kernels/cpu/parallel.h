// Loops over independent pieces of work, and the hand-over to a stream.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/integers.h"
#include "kernels/cpu/cpu_stream.h"
#include "kernels/cpu/shares.h"
#include "kernels/cpu/team.h"

namespace convoy::cpu {

// Elements in a piece of a loop that streams through memory: some microseconds, so that handing it out costs little.
inline constexpr int64_t kPieceElements = 16384;

// body(piece) for piece in [0, pieces), on this thread's team. What a piece is may depend on shapes only, never
// on the number of threads: that is what keeps bits equal.
template <class Body>
void parallel_for(int64_t pieces, const Body& body) {
  if (pieces == 1) {
    body(0);
    return;
  }
  Shares shares(pieces, Team::size());
  Team::run([&](int thread) {
    for (int64_t piece; (piece = shares.take(thread)) >= 0;) body(piece);
  });
}

// body(begin, end) over pieces of n elements.
template <class Body>
void for_ranges(int64_t n, const Body& body) {
  parallel_for(ceil_div(n, kPieceElements),
               [&](int64_t piece) { body(piece * kPieceElements, std::min(n, (piece + 1) * kPieceElements)); });
}

// body(begin, end) over rows of C elements, as many at a time as make a piece.
template <class Body>
void for_rows(int64_t rows, int64_t C, const Body& body) {
  const int64_t a_time = std::max<int64_t>(1, kPieceElements / std::max<int64_t>(1, C));
  parallel_for(ceil_div(rows, a_time),
               [&](int64_t piece) { body(piece * a_time, std::min(rows, (piece + 1) * a_time)); });
}

// Inside a parallel_for: the piece that this thread will probably do after `piece`.
inline int64_t likely_next(int64_t piece, int64_t pieces) { return std::min<int64_t>(piece + 1, pieces - 1); }

// Runs the work in the stream's order: at once on a compute stream, without an allocation; by the stream's own thread
// otherwise. Arguments must be captured by value.
template <class Work>
void enqueue(Stream& stream, Work&& work) {
  auto& cpu = static_cast<CpuStream&>(stream);
  if (cpu.is_inline())
    cpu.run_inline(std::forward<Work>(work));
  else
    cpu.run(std::forward<Work>(work));
}

}  // namespace convoy::cpu
