#include "tests/comm/support/collective_cases.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

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
    case DType::f16:  // never communicated
      break;
  }
}

// One rank's part in a case: its stream and tensors with memory of their own.
class Rank {
 public:
  Rank(Communicator& communicator, Device& device)
      : c(communicator), device_(device), stream_(device.make_stream(StreamKind::communication)) {}

  // Uninitialised.
  Tensor tensor(DType dtype, int64_t n) {
    memory_.push_back(device_.allocate(static_cast<size_t>(n) * size_of(dtype)));
    return {memory_.back().data(), dtype, {n}};
  }
  template <class Value>
  Tensor tensor(DType dtype, int64_t n, const Value& value) {
    std::vector<std::byte> elements(static_cast<size_t>(n) * size_of(dtype));
    for (int64_t i = 0; i < n; ++i) store({elements.data(), dtype, {n}}, i, value(i));
    const Tensor x = tensor(dtype, n);
    copy(x.data, elements.data(), elements.size());
    return x;
  }
  std::vector<std::byte> bits(const Tensor& x) {
    std::vector<std::byte> elements(x.bytes());
    copy(elements.data(), x.data, elements.size());
    return elements;
  }
  void copy(void* to, const void* from, size_t bytes) {
    stream_->copy(to, from, bytes);
    stream_->synchronize();
  }

  // Enqueues on the communication stream and waits for it.
  template <class Enqueue>
  void on_stream(const Enqueue& enqueue) {
    enqueue(*stream_);
    stream_->synchronize();
  }
  void expect_equal(const Tensor& found, const Tensor& wanted, const char* what) {
    ASSERT_EQ(found.bytes(), wanted.bytes());
    EXPECT_EQ(bits(found), bits(wanted)) << what << " of " << found.elements() << " " << name_of(found.dtype);
  }

  Communicator& c;

 private:
  Device& device_;
  std::unique_ptr<Stream> stream_;
  std::vector<Memory> memory_;
};

void all_reduce_sums(Rank& rank) {
  Communicator& c = rank.c;
  for (const DType dtype : {DType::f32, DType::i64})
    for (const int64_t n : kSizes) {
      const Tensor x = rank.tensor(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
      const Tensor wanted = rank.tensor(dtype, n, [&](int64_t i) {
        int sum = 0;
        for (int r = 0; r < c.size(); ++r) sum += value_of(r, i);
        return sum;
      });
      rank.on_stream([&](Stream& stream) { c.all_reduce(stream, x); });
      rank.expect_equal(x, wanted, "all_reduce");
    }
}

void all_gather_joins_in_rank_order(Rank& rank) {
  Communicator& c = rank.c;
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes) {
      const auto value = [n](int64_t i) { return value_of(static_cast<int>(i / n), i % n); };
      const Tensor wanted = rank.tensor(dtype, n * c.size(), value);
      const Tensor mine = rank.tensor(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
      const Tensor out = rank.tensor(dtype, n * c.size()), in_place = rank.tensor(dtype, n * c.size());
      const Tensor part = in_place.range(c.rank() * n, n);
      rank.on_stream([&](Stream& stream) {
        c.all_gather(stream, out, mine);
        if (n > 0) stream.copy(part.data, mine.data, part.bytes());
        c.all_gather(stream, in_place, part);
      });
      rank.expect_equal(out, wanted, "all_gather");
      rank.expect_equal(in_place, wanted, "all_gather in place");
    }
}

void all_to_all_transposes(Rank& rank) {
  Communicator& c = rank.c;
  const auto sent = [](int from, int to, int64_t i) { return value_of(from * 5 + to, i); };
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes) {
      const Tensor in =
          rank.tensor(dtype, n * c.size(), [&](int64_t i) { return sent(c.rank(), static_cast<int>(i / n), i % n); });
      const Tensor wanted =
          rank.tensor(dtype, n * c.size(), [&](int64_t i) { return sent(static_cast<int>(i / n), c.rank(), i % n); });
      const Tensor out = rank.tensor(dtype, n * c.size());
      rank.on_stream([&](Stream& stream) { c.all_to_all(stream, out, in); });
      rank.expect_equal(out, wanted, "all_to_all");
    }
}

void reduce_scatter_sums_my_part(Rank& rank) {
  Communicator& c = rank.c;
  for (const int64_t n : kSizes) {
    const Tensor in = rank.tensor(DType::f32, n * c.size(), [&](int64_t i) { return value_of(c.rank(), i); });
    const Tensor wanted = rank.tensor(DType::f32, n, [&](int64_t i) {
      int sum = 0;
      for (int r = 0; r < c.size(); ++r) sum += value_of(r, c.rank() * n + i);
      return sum;
    });
    const Tensor out = rank.tensor(DType::f32, n);
    rank.on_stream([&](Stream& stream) { c.reduce_scatter(stream, out, in); });
    rank.expect_equal(out, wanted, "reduce_scatter");
  }
}

void broadcast_sends_the_roots(Rank& rank) {
  Communicator& c = rank.c;
  for (const DType dtype : kDTypes)
    for (const int64_t n : kSizes)
      for (const int root : {0, c.size() - 1}) {
        const Tensor x = rank.tensor(dtype, n, [&](int64_t i) { return value_of(c.rank(), i); });
        const Tensor wanted = rank.tensor(dtype, n, [&](int64_t i) { return value_of(root, i); });
        rank.on_stream([&](Stream& stream) { c.broadcast(stream, x, root); });
        rank.expect_equal(x, wanted, "broadcast");
      }
}

void host_operations(Rank& rank) {
  Communicator& c = rank.c;
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
void ranks_and_places(Rank& rank) {
  Communicator& c = rank.c;
  EXPECT_GE(c.rank(), 0);
  EXPECT_LT(c.rank(), c.size());
  EXPECT_EQ(c.local_size(), c.size());
  EXPECT_EQ(c.local_rank(), c.rank());
}

// Even and odd ranks, each in descending order. Collectives of the whole are still under way.
void split_regroups(Rank& rank) {
  Communicator& c = rank.c;
  const Tensor whole = rank.tensor(DType::f32, 1000, [](int64_t) { return 1; });
  const Tensor whole_wanted = rank.tensor(DType::f32, 1000, [&](int64_t) { return c.size(); });
  rank.on_stream([&](Stream& stream) {
    c.all_reduce(stream, whole);
    const auto part = c.split(c.rank() % 2, -c.rank());
    const int members = (c.size() + 1 - c.rank() % 2) / 2;
    ASSERT_EQ(part->size(), members);
    EXPECT_EQ(part->rank(), members - 1 - c.rank() / 2);
    std::vector<int> ranks(static_cast<size_t>(members));
    const int mine = c.rank();
    part->all_gather_host(ranks.data(), &mine, sizeof mine);
    for (int r = 0; r < members; ++r) EXPECT_EQ(ranks[static_cast<size_t>(r)], c.rank() % 2 + 2 * (members - 1 - r));

    const Tensor x = rank.tensor(DType::f32, 10, [](int64_t) { return 1; });
    const Tensor wanted = rank.tensor(DType::f32, 10, [&](int64_t) { return members; });
    rank.on_stream([&](Stream& on) { part->all_reduce(on, x); });
    rank.expect_equal(x, wanted, "all_reduce of a part");
    c.barrier_host();
  });
  rank.expect_equal(whole, whole_wanted, "all_reduce before a split");
}

// Collectives on the stream and host operations of the caller do not meet.
void both_channels_at_once(Rank& rank) {
  Communicator& c = rank.c;
  const Tensor x = rank.tensor(DType::i64, 1000, [](int64_t) { return 1; });
  const Tensor wanted = rank.tensor(DType::i64, 1000, [&](int64_t) { return c.size(); });
  rank.on_stream([&](Stream& stream) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      c.all_reduce(stream, x.range(repeat * 50, 50));
      int value = c.rank() == 0 ? repeat : -1;
      c.broadcast_host(&value, sizeof value, 0);
      EXPECT_EQ(value, repeat);
    }
  });
  rank.expect_equal(x, wanted, "all_reduce beside broadcast_host");
}

void wrong_arguments_are_refused(Rank& rank) {
  Communicator& c = rank.c;
  const int size = c.size();
  const Tensor f = rank.tensor(DType::f32, 12 * size), g = rank.tensor(DType::f32, 12 * size),
               b = rank.tensor(DType::bf16, 12 * size);
  rank.on_stream([&](Stream& stream) {
    EXPECT_THROW(c.all_reduce(stream, b), InternalError);
    EXPECT_THROW(c.all_gather(stream, f, g.range(0, 11)), InternalError);
    EXPECT_THROW(c.all_gather(stream, b, f.range(0, 12)), InternalError);
    EXPECT_THROW(c.all_to_all(stream, f, f), InternalError);
    EXPECT_THROW(c.all_to_all(stream, f, b), InternalError);
    if (size > 1) {
      EXPECT_THROW(c.all_to_all(stream, f.range(0, size + 1), g.range(0, size + 1)), InternalError);
    }
    EXPECT_THROW(c.reduce_scatter(stream, f.range(0, 5), g), InternalError);
    EXPECT_THROW(c.reduce_scatter(stream, f.range(0, 12), f), InternalError);
    EXPECT_THROW(c.broadcast(stream, f, size), InternalError);
    int value = 0;
    EXPECT_THROW(c.broadcast_host(&value, 1, -1), InternalError);
  });
}

template <auto Body>
void on_rank(Communicator& communicator, Device& device) {
  Rank rank(communicator, device);
  Body(rank);
}

constexpr CollectiveCase kCases[] = {
    {"AllReduceSums", on_rank<all_reduce_sums>},
    {"AllGatherJoinsInRankOrder", on_rank<all_gather_joins_in_rank_order>},
    {"AllToAllTransposes", on_rank<all_to_all_transposes>},
    {"ReduceScatterSumsMyPart", on_rank<reduce_scatter_sums_my_part>},
    {"BroadcastSendsTheRoots", on_rank<broadcast_sends_the_roots>},
    {"HostOperations", on_rank<host_operations>},
    {"RanksAndPlaces", on_rank<ranks_and_places>},
    {"SplitRegroups", on_rank<split_regroups>},
    {"BothChannelsAtOnce", on_rank<both_channels_at_once>},
    {"WrongArgumentsAreRefused", on_rank<wrong_arguments_are_refused>},
};

}  // namespace

std::span<const CollectiveCase> collective_cases() { return kCases; }

}  // namespace convoy::test
