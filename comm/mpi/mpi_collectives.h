// Blocking collectives of any size: MPI counts are int, so larger ones go in pieces of at most max_count elements.
#pragma once

#include <mpi.h>

#include <cstdint>

#include "core/tensor/dtype.h"

namespace convoy::mpi {

inline constexpr int64_t kMaxCount = int64_t{1} << 30;

// A type of as many bytes, for collectives that only move elements: bf16 travels as 2-byte units.
MPI_Datatype unit_type(size_t bytes);

// x (count) f32 or i64, in place.
void all_reduce(MPI_Comm comm, void* x, int64_t count, DType dtype, int64_t max_count = kMaxCount);
// out (size * count); in may be this rank's part of out.
void all_gather(MPI_Comm comm, void* out, const void* in, int64_t count, size_t unit_bytes,
                int64_t max_count = kMaxCount);
// out, in (size * count), not overlapping.
void all_to_all(MPI_Comm comm, void* out, const void* in, int64_t count, size_t unit_bytes,
                int64_t max_count = kMaxCount);
// out (count), in (size * count) f32.
void reduce_scatter(MPI_Comm comm, float* out, const float* in, int64_t count, int64_t max_count = kMaxCount);
void broadcast(MPI_Comm comm, void* x, int64_t count, size_t unit_bytes, int root, int64_t max_count = kMaxCount);

}  // namespace convoy::mpi
