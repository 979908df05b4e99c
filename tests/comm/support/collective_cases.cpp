#include "tests/comm/support/collective_cases.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/comm/support/plain_stream.h"

namespace convoy::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::i32, DType::i64, DType::u8};
constexpr int64_t kSizes[] = {0, 1, 3, 64, 1001, 10007};

// Small integers, which every dtype holds exactly and of which no sum is rounded.
int value_of(int rank, int64_t i) { return static_cast<int>((rank * 31 + i * 7) % 61); }

void store(const Tensor& x, int64_t i, int value) {
  switch (x.dtype) {
    case DType::f32:
      x.as<float>()[i] = static_cast<float>(value);
      break;
    case DType::bf16:
      x.as<bf16>()[i] = bf16(static_cast<float>(value));
      break;
    case DType::i32:
      x.as<int32_t>()[i] = value;
      break;
    case DType::i64:
      x.as<int64_t>()[i] = value;
      break;
    case DType::u8:
      x.as<uint8_t>()[i] = static_cast<uint8_t>(value);
      break;
  }
}

// A tensor with memory of its own.
class Owned {
 public:
  Owned(DType dtype, int64_t n) : bytes_(static_cast<size_t>(n) * size_of(dtype) + 1), x_{bytes_.data(), dtype, {n}} {}
  template <class Value>
  Owned(DType dtype, int64_t n, const Value& value) : Owned(dtype, n) {
    for (int64_t i = 0; i < n; ++i) store(x_, i, value(i));
  }
  const Tensor& operator*() const { return x_; }

 private:
  std::vector<std::byte> bytes_;
  Tensor x_;
};

void expect_equal(const Owned& found, const Owned& wanted, const char* what) {
  ASSERT_EQ((*found).bytes(), (*wanted).bytes());
  EXPECT_EQ(std::memcmp((*found).data, (*wanted).data, (*found).bytes()), 0)
      << what << " of " << (*found).elements() << " " << name_of((*found).dtype);
}

// Enqueues on a communication stream and waits for it.
template <class Enqueue>
void on_stream(const Enqueue& enqueue) {
  const auto stream = make_plain_stream(StreamKind::communication);
  enqueue(*stream);
  stream->synchronize();
}

void all_reduce_sums(Communicator& c) {
  for (const DType dtype : {DType::f32, DType::i64})
    for (const int64_t n : kSizes) {
      const Owned x(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
      const Owned wanted(dtype, n, [&](int64_t i) {
        int sum = 0;
        for (int r = 0; r < c.size(); ++r) sum += value_of(r, i);
        return sum;
      });
      on_stream([&](Stream& stream) { c.all_reduce(stream, *x); });
      expect_equal(x, wanted, "all_reduce");
    }
}

void all_gather_joins_in_rank_order(Communicator& c) {
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes) {
      const Owned wanted(dtype, n * c.size(), [&](int64_t i) { return value_of(static_cast<int>(i / n), i % n); });
      const Owned mine(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
      const Owned out(dtype, n * c.size()), in_place(dtype, n * c.size());
      const Tensor part = (*in_place).range(c.rank() * n, n);
      std::memcpy(part.data, (*mine).data, part.bytes());
      on_stream([&](Stream& stream) {
        c.all_gather(stream, *out, *mine);
        c.all_gather(stream, *in_place, part);
      });
      expect_equal(out, wanted, "all_gather");
      expect_equal(in_place, wanted, "all_gather in place");
    }
}

void all_to_all_transposes(Communicator& c) {
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes) {
      const auto sent = [&](int from, int to, int64_t i) { return value_of(from * 5 + to, i); };
      const Owned in(dtype, n * c.size(), [&](int64_t i) { return sent(c.rank(), static_cast<int>(i / n), i % n); });
      const Owned wanted(dtype, n * c.size(),
                         [&](int64_t i) { return sent(static_cast<int>(i / n), c.rank(), i % n); });
      const Owned out(dtype, n * c.size());
      on_stream([&](Stream& stream) { c.all_to_all(stream, *out, *in); });
      expect_equal(out, wanted, "all_to_all");
    }
}

void reduce_scatter_sums_my_part(Communicator& c) {
  for (const int64_t n : kSizes) {
    const Owned in(DType::f32, n * c.size(), [&](int64_t i) { return value_of(c.rank(), i); });
    const Owned wanted(DType::f32, n, [&](int64_t i) {
      int sum = 0;
      for (int r = 0; r < c.size(); ++r) sum += value_of(r, c.rank() * n + i);
      return sum;
    });
    const Owned out(DType::f32, n);
    on_stream([&](Stream& stream) { c.reduce_scatter(stream, *out, *in); });
    expect_equal(out, wanted, "reduce_scatter");
  }
}

void broadcast_sends_the_roots(Communicator& c) {
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes)
      for (const int root : {0, c.size() - 1}) {
        const Owned x(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
        const Owned wanted(dtype, n, [&](int64_t i) { return value_of(root, i); });
        on_stream([&](Stream& stream) { c.broadcast(stream, *x, root); });
        expect_equal(x, wanted, "broadcast");
      }
}

void host_operations(Communicator& c) {
  for (int root = 0; root < c.size(); ++root) {
    int64_t value = c.rank() * 100 + root;
    c.broadcast_host(&value, sizeof value, root);
    EXPECT_EQ(value, root * 101);
    EXPECT_EQ(c.broadcast_text("from rank " + std::to_string(c.rank()), root), "from rank " + std::to_string(root));
    EXPECT_EQ(c.broadcast_text(c.rank() == root ? "" : "other", root), "");
  }
  std::vector<int> ranks(static_cast<size_t>(c.size()), -1);
  const int mine = c.rank();
  c.all_gather_host(ranks.data(), &mine, sizeof mine);
  for (int r = 0; r < c.size(); ++r) EXPECT_EQ(ranks[static_cast<size_t>(r)], r);
  c.barrier_host();
}

// All ranks of these tests run on one machine.
void ranks_and_places(Communicator& c) {
  EXPECT_GE(c.rank(), 0);
  EXPECT_LT(c.rank(), c.size());
  EXPECT_EQ(c.local_size(), c.size());
  EXPECT_EQ(c.local_rank(), c.rank());
}

// Even and odd ranks, each in descending order.
void split_regroups(Communicator& c) {
  const auto part = c.split(c.rank() % 2, -c.rank());
  const int members = (c.size() + 1 - c.rank() % 2) / 2;
  ASSERT_EQ(part->size(), members);
  EXPECT_EQ(part->rank(), members - 1 - c.rank() / 2);
  std::vector<int> ranks(static_cast<size_t>(members));
  const int mine = c.rank();
  part->all_gather_host(ranks.data(), &mine, sizeof mine);
  for (int r = 0; r < members; ++r) EXPECT_EQ(ranks[static_cast<size_t>(r)], c.rank() % 2 + 2 * (members - 1 - r));

  const Owned x(DType::f32, 10, [](int64_t) { return 1; });
  const Owned wanted(DType::f32, 10, [&](int64_t) { return members; });
  on_stream([&](Stream& stream) { part->all_reduce(stream, *x); });
  expect_equal(x, wanted, "all_reduce of a part");
  c.barrier_host();
}

// Collectives on the stream's thread and host operations of the caller do not meet.
void both_channels_at_once(Communicator& c) {
  const Owned x(DType::i64, 1000, [](int64_t) { return 1; });
  const auto stream = make_plain_stream(StreamKind::communication);
  for (int repeat = 0; repeat < 20; ++repeat) {
    c.all_reduce(*stream, (*x).range(repeat * 50, 50));
    int value = c.rank() == 0 ? repeat : -1;
    c.broadcast_host(&value, sizeof value, 0);
    EXPECT_EQ(value, repeat);
  }
  stream->synchronize();
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ((*x).as<int64_t>()[i], c.size());
}

void wrong_arguments_are_refused(Communicator& c) {
  const auto stream = make_plain_stream(StreamKind::communication);
  const int size = c.size();
  const Owned f(DType::f32, 12 * size), g(DType::f32, 12 * size), b(DType::bf16, 12 * size);
  EXPECT_THROW(c.all_reduce(*stream, *b), InternalError);
  EXPECT_THROW(c.all_gather(*stream, *f, (*g).range(0, 11)), InternalError);
  EXPECT_THROW(c.all_gather(*stream, *b, (*f).range(0, 12)), InternalError);
  EXPECT_THROW(c.all_to_all(*stream, *f, *f), InternalError);
  EXPECT_THROW(c.all_to_all(*stream, *f, *b), InternalError);
  if (size > 1) {
    EXPECT_THROW(c.all_to_all(*stream, (*f).range(0, size + 1), (*g).range(0, size + 1)), InternalError);
  }
  EXPECT_THROW(c.reduce_scatter(*stream, (*f).range(0, 5), *g), InternalError);
  EXPECT_THROW(c.reduce_scatter(*stream, (*f).range(0, 12), *f), InternalError);
  EXPECT_THROW(c.broadcast(*stream, *f, size), InternalError);
  EXPECT_THROW(c.broadcast_host((*f).data, 1, -1), InternalError);
}

constexpr CollectiveCase kCases[] = {
    {"AllReduceSums", all_reduce_sums},
    {"AllGatherJoinsInRankOrder", all_gather_joins_in_rank_order},
    {"AllToAllTransposes", all_to_all_transposes},
    {"ReduceScatterSumsMyPart", reduce_scatter_sums_my_part},
    {"BroadcastSendsTheRoots", broadcast_sends_the_roots},
    {"HostOperations", host_operations},
    {"RanksAndPlaces", ranks_and_places},
    {"SplitRegroups", split_regroups},
    {"BothChannelsAtOnce", both_channels_at_once},
    {"WrongArgumentsAreRefused", wrong_arguments_are_refused},
};

}  // namespace

std::span<const CollectiveCase> collective_cases() { return kCases; }

}  // namespace convoy::test
