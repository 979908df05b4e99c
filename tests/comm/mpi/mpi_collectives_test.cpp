// Collectives in pieces, as counts beyond MPI's int would go: here already from 7 elements on.
#include "comm/mpi/mpi_collectives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "comm/mpi/mpi_check.h"
#include "core/base/error.h"
#include "tests/comm/mpi/mpi_world.h"

namespace convoy::mpi {
namespace {

constexpr int64_t kPiece = 7;
constexpr int64_t kCounts[] = {1, 7, 8, 14, 100, 1001};

uint16_t value_of(int64_t i, int rank) { return static_cast<uint16_t>(i * 13 + rank * 1000); }

std::vector<uint16_t> values(int64_t n, int rank) {
  std::vector<uint16_t> x(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = value_of(i, rank);
  return x;
}

class Pieces : public testing::TestWithParam<int64_t> {
 protected:
  const int64_t n = GetParam();
  const int rank = test::mpi_world().rank();
  const int size = test::mpi_world().size();
};

TEST_P(Pieces, AllReduce) {
  std::vector<float> x(static_cast<size_t>(n));
  std::iota(x.begin(), x.end(), static_cast<float>(rank));
  mpi::all_reduce(MPI_COMM_WORLD, x.data(), n, DType::f32, kPiece);
  for (int64_t i = 0; i < n; ++i)
    EXPECT_EQ(x[static_cast<size_t>(i)], static_cast<float>(size * i + size * (size - 1) / 2));
}

TEST_P(Pieces, AllGather) {
  std::vector<uint16_t> wanted;
  for (int r = 0; r < size; ++r)
    for (const uint16_t value : values(n, r)) wanted.push_back(value);
  const auto mine = values(n, rank);
  std::vector<uint16_t> out(wanted.size());
  mpi::all_gather(MPI_COMM_WORLD, out.data(), mine.data(), n, 2, kPiece);
  EXPECT_EQ(out, wanted);

  std::vector<uint16_t> in_place(wanted.size());
  std::copy(mine.begin(), mine.end(), in_place.begin() + rank * n);
  mpi::all_gather(MPI_COMM_WORLD, in_place.data(), in_place.data() + rank * n, n, 2, kPiece);
  EXPECT_EQ(in_place, wanted);
}

TEST_P(Pieces, AllToAll) {
  const auto in = values(n * size, rank);
  std::vector<uint16_t> out(in.size()), wanted;
  for (int r = 0; r < size; ++r)
    for (int64_t i = 0; i < n; ++i) wanted.push_back(value_of(rank * n + i, r));
  mpi::all_to_all(MPI_COMM_WORLD, out.data(), in.data(), n, 2, kPiece);
  EXPECT_EQ(out, wanted);
}

TEST_P(Pieces, ReduceScatter) {
  std::vector<float> in(static_cast<size_t>(n * size)), out(static_cast<size_t>(n));
  std::iota(in.begin(), in.end(), static_cast<float>(rank));
  mpi::reduce_scatter(MPI_COMM_WORLD, out.data(), in.data(), n, kPiece);
  for (int64_t i = 0; i < n; ++i)
    EXPECT_EQ(out[static_cast<size_t>(i)], static_cast<float>(size * (rank * n + i) + size * (size - 1) / 2));
}

TEST_P(Pieces, Broadcast) {
  auto x = values(n, rank);
  mpi::broadcast(MPI_COMM_WORLD, x.data(), n, 2, size - 1, kPiece);
  EXPECT_EQ(x, values(n, size - 1));
}

INSTANTIATE_TEST_SUITE_P(All, Pieces, testing::ValuesIn(kCounts));

TEST(MpiCheck, TurnsAnErrorOfMpiIntoItsText) {
  int x = 0;
  try {
    MPI_CHECK(MPI_Bcast(&x, 1, MPI_INT, 4711, MPI_COMM_WORLD));
    FAIL() << "MPI accepted a root that does not exist";
  } catch (const InternalError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("MPI_Bcast(&x, 1, MPI_INT, 4711, MPI_COMM_WORLD) failed: MPI_ERR_ROOT"), std::string::npos)
        << text;
  }
}

TEST(UnitType, RefusesSizesThatNoDTypeHas) { EXPECT_THROW(unit_type(3), InternalError); }

}  // namespace
}  // namespace convoy::mpi
