// Checkpoints of a toy model whose every number follows from the step, so that a reader can tell what must be there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "comm/local/local_communicator.h"
#include "comm/local/thread_communicator.h"
#include "core/base/bf16.h"
#include "core/base/checksum.h"
#include "core/base/integers.h"
#include "core/checkpoint/checkpoint.h"

namespace convoy {

inline constexpr int64_t kToyElements = 10007;  // a prime: no number of ranks divides it

class ToyState {
 public:
  explicit ToyState(int64_t step, int64_t elements = kToyElements)
      : step_(step),
        embedding_(12),
        bias_(5),
        master_(filled(elements, 1)),
        m_(filled(elements, 2)),
        v_(filled(elements, 3)) {
    for (size_t i = 0; i < embedding_.size(); ++i) embedding_[i] = bf16(static_cast<float>(i) + float(step));
    for (size_t i = 0; i < bias_.size(); ++i) bias_[i] = 0.1f * static_cast<float>(i) - float(step);
  }

  int64_t elements() const { return static_cast<int64_t>(m_.size()); }
  // Where a reader's range begins; begin_of(size, size) is the end of the last.
  int64_t begin_of(int rank, int size) const { return elements() * rank / size; }

  CheckpointContents contents(int rank, int size) {
    CheckpointContents contents;
    contents.position = {step_, step_ * 32, step_ * 32 * 64, 4, 17, "toy"};
    if (rank == 0) {
      contents.weights = {{"embedding", {embedding_.data(), DType::bf16, {3, 4}}},
                          {"bias", {bias_.data(), DType::f32, {5}}}};
      contents.files = {{"config.json", "{}\n"}, {"config.yaml", "step: " + std::to_string(step_) + "\n"}};
    }
    const int64_t share = round_up(ceil_div(elements(), int64_t{size}), BlockSum::kBlock);
    const int64_t begin = std::min(share * rank, elements()), end = std::min(begin + share, elements());
    StateShard shard{.cuts = {{0, elements(), share, 0}}, .elements = share, .total = elements(), .held = end - begin};
    shard.arrays = {{kMasterState, master_.data() + begin}, {"m", m_.data() + begin}, {"v", v_.data() + begin}};
    contents.optimizer = {.name = "adamw", .groups = {shard}, .place = rank, .holders = size};
    return contents;
  }

  // Reads everything back as rank of size, in pieces as that many ranks would.
  void expect_equal(const CheckpointReader& reader, int size = 1) {
    EXPECT_EQ(reader.position().step, step_);
    EXPECT_EQ(reader.position().samples, step_ * 32);
    EXPECT_EQ(reader.position().tokens, step_ * 32 * 64);
    EXPECT_EQ(reader.position().virtual_ranks, 4);
    EXPECT_EQ(reader.position().seed, 17);
    EXPECT_EQ(reader.position().plan_fingerprint, "toy");
    EXPECT_EQ(reader.file("config.yaml"), "step: " + std::to_string(step_) + "\n");
    std::vector<float> bias(bias_.size());
    reader.read_weight("bias", {bias.data(), DType::f32, {5}});
    EXPECT_EQ(bias, bias_);
    for (int rank = 0; rank < size; ++rank) expect_range(reader, begin_of(rank, size), begin_of(rank + 1, size));
  }

 private:
  std::vector<float> filled(int64_t elements, int kind) const {
    std::vector<float> values(static_cast<size_t>(elements));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(static_cast<int64_t>(i) * kind + step_ * 7919) * 1e-3f;
    return values;
  }

  void expect_range(const CheckpointReader& reader, int64_t begin, int64_t end) {
    const auto count = static_cast<size_t>(end - begin);
    for (const auto& [state, all] : {std::pair(kMasterState, &master_), std::pair("m", &m_), std::pair("v", &v_)}) {
      std::vector<float> found(count);
      reader.read_state("", state, begin, end, found.data());
      EXPECT_TRUE(std::equal(found.begin(), found.end(), all->begin() + begin))
          << state << " " << begin << " to " << end;
    }
  }

  int64_t step_;
  std::vector<bf16> embedding_;
  std::vector<float> bias_, master_, m_, v_;
};

// Of one rank.
inline CheckpointStore lone_store(CheckpointStoreOptions options) {
  static const std::unique_ptr<Communicator> alone = make_local_communicator();
  CheckpointStore::check_writable(options);
  return {*alone, std::move(options)};
}

// Ranks that save together; what rank 0 saw of the save, or nothing.
inline std::optional<std::string> save_as(int size, const std::filesystem::path& folder, int64_t step,
                                          int64_t keep_last = 0, int ranks_per_file = 1) {
  std::optional<std::string> failure;
  on_threads(size, [&](Communicator& ranks) {
    CheckpointStore store(
        ranks, {.folder = folder, .nonce = "test", .keep_last = keep_last, .ranks_per_file = ranks_per_file});
    ToyState state(step);
    store.save(state.contents(ranks.rank(), ranks.size()));
    store.wait();
    if (ranks.rank() == 0) failure = store.failure();
  });
  return failure;
}

}  // namespace convoy
