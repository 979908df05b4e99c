// Every collective, type and operation between devices of one process, against values known beforehand.
#include <algorithm>
#include <memory>

#include "tests/virtual_gpu/nccl/tests/ranks.h"
#include "tests/virtual_gpu/nccl/tests/values.h"

namespace convoy {
namespace {
constexpr ncclRedOp_t kOps[] = {ncclSum, ncclProd, ncclMax, ncclMin, ncclAvg};

template <class T>
class Reductions : public testing::Test {};
using Types =
    testing::Types<int8_t, uint8_t, int32_t, uint32_t, int64_t, uint64_t, __half, float, double, __nv_bfloat16>;
TYPED_TEST_SUITE(Reductions, Types);

// Compares without a GoogleTest assertion per element.
template <class T, class Expected>
void expect_elements(const std::vector<T>& got, Expected expected, const std::string& what) {
  for (size_t i = 0; i < got.size(); ++i)
    if (to_double(got[i]) != expected(i)) {
      ADD_FAILURE() << what << ": element " << i << " of " << got.size() << " is " << to_double(got[i]) << ", wanted "
                    << expected(i);
      return;
    }
}

TYPED_TEST(Reductions, AllReduce) {
  for (const int ranks : {1, 2, 3, 4})
    on_ranks(ranks, [&](Rank& rank) {
      for (const ncclRedOp_t op : kOps)
        for (const size_t count : {size_t{1}, size_t{1037}}) {
          DeviceArray<TypeParam> in(values<TypeParam>(rank.rank, count)), out(count);
          NCCL_OK(ncclAllReduce(in.data(), out.data(), count, nccl_type<TypeParam>(), op, rank.comm, rank.stream));
          rank.synchronize();
          expect_elements(
              out.read(), [&](size_t i) { return reduced<TypeParam>(op, ranks, i); }, "AllReduce");
        }
    });
}

TYPED_TEST(Reductions, ReduceScatterAndReduce) {
  constexpr size_t kCount = 517;
  on_ranks(3, [&](Rank& rank) {
    for (const ncclRedOp_t op : kOps) {
      const auto type = nccl_type<TypeParam>();
      DeviceArray<TypeParam> in(values<TypeParam>(rank.rank, 3 * kCount)), part(kCount), whole(3 * kCount);
      NCCL_OK(ncclReduceScatter(in.data(), part.data(), kCount, type, op, rank.comm, rank.stream));
      NCCL_OK(ncclReduce(in.data(), rank.rank == 2 ? whole.data() : nullptr, 3 * kCount, type, op, 2, rank.comm,
                         rank.stream));
      rank.synchronize();
      expect_elements(
          part.read(), [&](size_t i) { return reduced<TypeParam>(op, 3, rank.rank * kCount + i); }, "ReduceScatter");
      if (rank.rank == 2)
        expect_elements(
            whole.read(), [&](size_t i) { return reduced<TypeParam>(op, 3, i); }, "Reduce");
    }
  });
}

TYPED_TEST(Reductions, PremultipliedSum) {
  on_ranks(2, [](Rank& rank) {
    const auto type = nccl_type<TypeParam>();
    TypeParam scale = to_element<TypeParam>(rank.rank + 2);
    DeviceArray<TypeParam> device_scale(std::vector<TypeParam>{scale}), in(values<TypeParam>(rank.rank, 100)), out(100);
    for (const bool on_device : {false, true}) {
      ncclRedOp_t op;
      NCCL_OK(ncclRedOpCreatePreMulSum(&op, on_device ? device_scale.data() : &scale, type,
                                       on_device ? ncclScalarDevice : ncclScalarHostImmediate, rank.comm));
      NCCL_OK(ncclAllReduce(in.data(), out.data(), 100, type, op, rank.comm, rank.stream));
      NCCL_OK(ncclRedOpDestroy(op, rank.comm));
      EXPECT_EQ(ncclAllReduce(in.data(), out.data(), 100, type, op, rank.comm, rank.stream), ncclInvalidArgument);
      rank.synchronize();
      expect_elements(
          out.read(), [](size_t i) { return 2 * value(0, i) + 3 * value(1, i); }, "pre-multiplied sum");
    }
  });
}

// Several megabytes are many rounds of the exchange.
TEST(Collectives, OfSomeMegabytes) {
  constexpr size_t kCount = 1'300'001;
  on_ranks(3, [&](Rank& rank) {
    DeviceArray<float> in(values<float>(rank.rank, 3 * kCount)), sum(3 * kCount), part(kCount), gathered(3 * kCount);
    NCCL_OK(ncclAllReduce(in.data(), sum.data(), 3 * kCount, ncclFloat32, ncclSum, rank.comm, rank.stream));
    NCCL_OK(ncclReduceScatter(in.data(), part.data(), kCount, ncclFloat32, ncclSum, rank.comm, rank.stream));
    NCCL_OK(ncclAllGather(part.data(), gathered.data(), kCount, ncclFloat32, rank.comm, rank.stream));
    rank.synchronize();
    const auto expected = [](size_t i) { return reduced<float>(ncclSum, 3, i); };
    expect_elements(sum.read(), expected, "AllReduce");
    expect_elements(gathered.read(), expected, "AllGather of ReduceScatter");
  });
}

TEST(Collectives, InPlace) {
  constexpr size_t kCount = 300'007;
  on_ranks(4, [&](Rank& rank) {
    const auto sum = [](size_t i) { return reduced<float>(ncclSum, 4, i); };
    DeviceArray<float> a(values<float>(rank.rank, kCount)), b(values<float>(rank.rank, 4 * kCount));
    NCCL_OK(ncclAllReduce(a.data(), a.data(), kCount, ncclFloat32, ncclSum, rank.comm, rank.stream));
    NCCL_OK(ncclReduceScatter(b.data(), b.data() + rank.rank * kCount, kCount, ncclFloat32, ncclSum, rank.comm,
                              rank.stream));
    NCCL_OK(ncclAllGather(b.data() + rank.rank * kCount, b.data(), kCount, ncclFloat32, rank.comm, rank.stream));
    rank.synchronize();
    expect_elements(a.read(), sum, "AllReduce in place");
    expect_elements(b.read(), sum, "ReduceScatter and AllGather in place");
  });
}

// Where element i of block b, sent by rank r, is 1000 r + 10 b + i.
std::vector<int32_t> blocks(int rank, int count_of_blocks, int count) {
  std::vector<int32_t> result;
  for (int b = 0; b < count_of_blocks; ++b)
    for (int i = 0; i < count; ++i) result.push_back(1000 * rank + 10 * b + i);
  return result;
}

TEST(Collectives, BroadcastFromEveryRoot) {
  on_ranks(3, [](Rank& rank) {
    for (int root = 0; root < 3; ++root) {
      DeviceArray<int32_t> in(blocks(rank.rank, 1, 7)), out(7), both(blocks(rank.rank, 1, 7));
      NCCL_OK(ncclBroadcast(rank.rank == root ? in.data() : nullptr, out.data(), 7, ncclInt32, root, rank.comm,
                            rank.stream));
      NCCL_OK(ncclBcast(both.data(), 7, ncclInt32, root, rank.comm, rank.stream));
      rank.synchronize();
      EXPECT_EQ(out.read(), blocks(root, 1, 7));
      EXPECT_EQ(both.read(), blocks(root, 1, 7));
    }
  });
}

TEST(Collectives, AllToAllGatherScatter) {
  on_ranks(3, [](Rank& rank) {
    DeviceArray<int32_t> in(blocks(rank.rank, 3, 5)), exchanged(15), gathered(15), scattered(5);
    NCCL_OK(ncclAlltoAll(in.data(), exchanged.data(), 5, ncclInt32, rank.comm, rank.stream));
    NCCL_OK(ncclGather(in.data(), gathered.data(), 5, ncclInt32, 1, rank.comm, rank.stream));
    NCCL_OK(ncclScatter(in.data(), scattered.data(), 5, ncclInt32, 2, rank.comm, rank.stream));
    rank.synchronize();
    const auto all = exchanged.read(), gather = gathered.read(), scatter = scattered.read();
    for (int r = 0; r < 3; ++r)
      for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(all[r * 5 + i], 1000 * r + 10 * rank.rank + i);
        EXPECT_EQ(gather[r * 5 + i], rank.rank == 1 ? 1000 * r + i : -1);
        EXPECT_EQ(scatter[i], 2000 + 10 * rank.rank + i);
      }
  });
}

// The header of the stand-in promises rank order, and one rounding for bfloat16.
TEST(Collectives, AddInRankOrder) {
  const std::vector<float> parts = {1e8f, 3.f, -1e8f, 0.7f};
  const float expected = ((parts[0] + parts[1]) + parts[2]) + parts[3];
  const std::vector<float> small = {256.f, 1.f, 1.f, 1.f};  // in bfloat16, 256 + 1 is 256
  on_ranks(4, [&](Rank& rank) {
    DeviceArray<float> x(std::vector<float>{parts[rank.rank]});
    DeviceArray<__nv_bfloat16> y(std::vector<__nv_bfloat16>{__nv_bfloat16(small[rank.rank])});
    NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclFloat32, ncclSum, rank.comm, rank.stream));
    NCCL_OK(ncclAllReduce(y.data(), y.data(), 1, ncclBfloat16, ncclSum, rank.comm, rank.stream));
    rank.synchronize();
    EXPECT_EQ(x.read()[0], expected);
    EXPECT_EQ(static_cast<float>(y.read()[0]), 260.f);  // 259 lies between 258 and 260, and ties to even
  });
}

TEST(Collectives, IntegersWrapAndAnEmptyCountIsFine) {
  on_ranks(2, [](Rank& rank) {
    DeviceArray<int32_t> x(std::vector<int32_t>{INT32_MAX});
    NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclInt32, ncclSum, rank.comm, rank.stream));
    NCCL_OK(ncclAllReduce(nullptr, nullptr, 0, ncclInt32, ncclSum, rank.comm, rank.stream));
    rank.synchronize();
    EXPECT_EQ(x.read()[0], -2);
  });
}

TEST(Collectives, OneThreadDrivesAllDevicesInAGroup) {
  ncclComm_t comms[4];
  NCCL_OK(ncclCommInitAll(comms, 4, nullptr));
  std::vector<std::unique_ptr<DeviceArray<float>>> data;
  for (int d = 0; d < 4; ++d) {
    CUDA_OK(cudaSetDevice(d));
    data.push_back(std::make_unique<DeviceArray<float>>(values<float>(d, 1000)));
  }
  NCCL_OK(ncclGroupStart());
  for (int d = 0; d < 4; ++d)
    NCCL_OK(ncclAllReduce(data[d]->data(), data[d]->data(), 1000, ncclFloat32, ncclSum, comms[d], nullptr));
  NCCL_OK(ncclGroupEnd());
  for (int d = 0; d < 4; ++d) {
    int device, count, user_rank;
    NCCL_OK(ncclCommCuDevice(comms[d], &device));
    NCCL_OK(ncclCommCount(comms[d], &count));
    NCCL_OK(ncclCommUserRank(comms[d], &user_rank));
    EXPECT_EQ(device, d);
    EXPECT_EQ(count, 4);
    EXPECT_EQ(user_rank, d);
    CUDA_OK(cudaSetDevice(d));
    expect_elements(
        data[d]->read(), [](size_t i) { return reduced<float>(ncclSum, 4, i); }, "AllReduce");
    NCCL_OK(ncclCommDestroy(comms[d]));
  }
  CUDA_OK(cudaSetDevice(0));
}
}  // namespace
}  // namespace convoy
