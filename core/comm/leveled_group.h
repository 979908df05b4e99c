// A group of ranks that exchange level by level (core/comm/levels.h), with a communicator for each level.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/comm/communicator.h"
#include "core/comm/levels.h"

namespace convoy {

class LeveledGroup {
 public:
  // One level. The communicator outlives the group, as below.
  explicit LeveledGroup(Communicator& ranks);
  // Collective. levels: of as many ranks.
  LeveledGroup(Communicator& ranks, const Levels& levels);

  Communicator& ranks() const { return *ranks_; }
  int size() const { return ranks_->size(); }
  // Which part of a buffer this rank ends up with.
  int place() const { return levels_.place_of(ranks_->rank()); }
  const Levels& levels() const { return levels_; }
  // Of this rank: the ranks that it exchanges with there.
  Communicator& level(size_t index) const { return parts_.empty() ? *ranks_ : *parts_[index]; }

  // Of all its communicators.
  void label(int64_t step, std::string_view what) const;
  std::vector<std::unique_ptr<RegisteredMemory>> register_memory(void* data, size_t bytes) const;

  // out (size * n) = every rank's in (n), by place; in may be this rank's part of out.
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) const;
  // Each value becomes its sum over the ranks by the fixed tree (core/base/tree_sum.h). A host operation.
  void tree_sum_host(std::span<double> values) const;

 private:
  Communicator* ranks_;
  Levels levels_;
  std::vector<std::unique_ptr<Communicator>> parts_;  // none: one level
};

}  // namespace convoy
