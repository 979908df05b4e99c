#include "comm/mpi/mpi_collectives.h"

#include <fmt/format.h>

#include <algorithm>

#include "comm/mpi/mpi_check.h"
#include "core/base/error.h"

namespace convoy::mpi {
namespace {

std::byte* at(void* data, int64_t bytes) { return static_cast<std::byte*>(data) + bytes; }
const std::byte* at(const void* data, int64_t bytes) { return static_cast<const std::byte*>(data) + bytes; }

template <class Piece>
void in_pieces(int64_t count, int64_t max_count, const Piece& piece) {
  for (int64_t begin = 0; begin < count; begin += max_count)
    piece(begin, static_cast<int>(std::min(max_count, count - begin)));
}

int rank_in(MPI_Comm comm) {
  int rank = 0;
  MPI_CHECK(MPI_Comm_rank(comm, &rank));
  return rank;
}

int size_of_group(MPI_Comm comm) {
  int size = 0;
  MPI_CHECK(MPI_Comm_size(comm, &size));
  return size;
}

// One piece of `count` units out of each rank's part: element r of this type begins r parts later.
class PieceType {
 public:
  PieceType(MPI_Datatype unit, int count, int64_t part_bytes) {
    MPI_Datatype contiguous = MPI_DATATYPE_NULL;
    MPI_CHECK(MPI_Type_contiguous(count, unit, &contiguous));
    MPI_CHECK(MPI_Type_create_resized(contiguous, 0, part_bytes, &type_));
    MPI_CHECK(MPI_Type_free(&contiguous));
    MPI_CHECK(MPI_Type_commit(&type_));
  }
  ~PieceType() { MPI_Type_free(&type_); }
  PieceType(const PieceType&) = delete;
  PieceType& operator=(const PieceType&) = delete;
  MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

}  // namespace

MPI_Datatype unit_type(size_t bytes) {
  switch (bytes) {
    case 1:
      return MPI_BYTE;
    case 2:
      return MPI_UINT16_T;
    case 4:
      return MPI_UINT32_T;
    case 8:
      return MPI_UINT64_T;
    default:
      throw InternalError(fmt::format("elements of {} bytes cannot be sent; 1, 2, 4 and 8 can", bytes));
  }
}

void all_reduce(MPI_Comm comm, void* x, int64_t count, DType dtype, int64_t max_count) {
  const MPI_Datatype type = dtype == DType::f32 ? MPI_FLOAT : MPI_INT64_T;
  const auto unit_bytes = static_cast<int64_t>(size_of(dtype));
  in_pieces(count, max_count, [&](int64_t begin, int n) {
    MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, at(x, begin * unit_bytes), n, type, MPI_SUM, comm));
  });
}

void all_gather(MPI_Comm comm, void* out, const void* in, int64_t count, size_t unit_bytes, int64_t max_count) {
  const MPI_Datatype unit = unit_type(unit_bytes);
  const int64_t part_bytes = count * static_cast<int64_t>(unit_bytes);
  const bool in_place = in == at(out, rank_in(comm) * part_bytes);
  if (count <= max_count) {
    const int n = static_cast<int>(count);
    MPI_CHECK(MPI_Allgather(in_place ? MPI_IN_PLACE : in, n, unit, out, n, unit, comm));
    return;
  }
  in_pieces(count, max_count, [&](int64_t begin, int n) {
    const PieceType piece(unit, n, part_bytes);
    const int64_t offset = begin * static_cast<int64_t>(unit_bytes);
    const void* from = in_place ? MPI_IN_PLACE : static_cast<const void*>(at(in, offset));
    MPI_CHECK(MPI_Allgather(from, n, unit, at(out, offset), 1, piece.get(), comm));
  });
}

void all_to_all(MPI_Comm comm, void* out, const void* in, int64_t count, size_t unit_bytes, int64_t max_count) {
  const MPI_Datatype unit = unit_type(unit_bytes);
  if (count <= max_count) {
    const int n = static_cast<int>(count);
    MPI_CHECK(MPI_Alltoall(in, n, unit, out, n, unit, comm));
    return;
  }
  in_pieces(count, max_count, [&](int64_t begin, int n) {
    const PieceType piece(unit, n, count * static_cast<int64_t>(unit_bytes));
    const int64_t offset = begin * static_cast<int64_t>(unit_bytes);
    MPI_CHECK(MPI_Alltoall(at(in, offset), 1, piece.get(), at(out, offset), 1, piece.get(), comm));
  });
}

void reduce_scatter(MPI_Comm comm, float* out, const float* in, int64_t count, int64_t max_count) {
  if (count <= max_count) {
    MPI_CHECK(MPI_Reduce_scatter_block(in, out, static_cast<int>(count), MPI_FLOAT, MPI_SUM, comm));
    return;
  }
  // MPI adds only predefined types, so pieces cannot be strided: one reduction to each owner instead.
  in_pieces(count, max_count, [&](int64_t begin, int n) {
    for (int owner = 0; owner < size_of_group(comm); ++owner)
      MPI_CHECK(MPI_Reduce(in + owner * count + begin, out + begin, n, MPI_FLOAT, MPI_SUM, owner, comm));
  });
}

void broadcast(MPI_Comm comm, void* x, int64_t count, size_t unit_bytes, int root, int64_t max_count) {
  in_pieces(count, max_count, [&](int64_t begin, int n) {
    MPI_CHECK(MPI_Bcast(at(x, begin * static_cast<int64_t>(unit_bytes)), n, unit_type(unit_bytes), root, comm));
  });
}

}  // namespace convoy::mpi
