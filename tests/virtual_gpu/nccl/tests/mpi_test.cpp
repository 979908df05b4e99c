// Under mpirun, as real programs start: the unique id travels by MPI.
#include <mpi.h>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
TEST(Mpi, AllReduceAndSplit) {
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  ncclUniqueId id;
  if (rank == 0) NCCL_OK(ncclGetUniqueId(&id));
  MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD);
  ncclComm_t world, half;
  NCCL_OK(ncclCommInitRank(&world, ranks, id, rank));
  NCCL_OK(ncclCommSplit(world, rank % 2, rank, &half, nullptr));
  DeviceArray<double> x(std::vector<double>(100'000, rank + 1)), y(std::vector<double>(10, 1));
  NCCL_OK(ncclAllReduce(x.data(), x.data(), x.size(), ncclFloat64, ncclSum, world, nullptr));
  NCCL_OK(ncclAllReduce(y.data(), y.data(), y.size(), ncclFloat64, ncclSum, half, nullptr));
  EXPECT_EQ(x.read()[99'999], ranks * (ranks + 1) / 2);
  EXPECT_EQ(y.read()[9], (ranks + 1 - rank % 2) / 2);

  // Rank 0 needs the others' part before they wait for it: they are in a barrier until it has it.
  NCCL_OK(ncclAllReduce(x.data(), x.data(), x.size(), ncclFloat64, ncclAvg, world, nullptr));
  if (rank == 0) CUDA_OK(cudaStreamSynchronize(nullptr));
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_EQ(x.read()[0], ranks * (ranks + 1) / 2);
  NCCL_OK(ncclCommDestroy(half));
  NCCL_OK(ncclCommDestroy(world));
}
}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  MPI_Finalize();
  return failed;
}
