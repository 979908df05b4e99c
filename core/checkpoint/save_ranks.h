// The ranks of a run as a save wants them: all, those that write into one file, and one of each file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/comm/communicator.h"

namespace convoy {

class SaveRanks {
 public:
  // Collective. The communicator is the save's alone and outlives this.
  SaveRanks(Communicator& all, int ranks_per_file);

  Communicator& all() const { return all_; }
  // Neighbours; the first of them is the file's first rank.
  Communicator& of_file() const { return *of_file_; }
  bool first_of_file() const { return of_file_->rank() == 0; }
  int file() const { return all_.rank() / ranks_per_file_; }
  int ranks_per_file() const { return ranks_per_file_; }

  // Collective. On rank 0: sums of the values over all ranks, wrapping, and everybody's `note`; the failure, if there
  // is one, is that of the lowest rank that has one, with its number. 2 log steps of the ranks, or as many as files.
  struct Gathered {
    std::vector<uint64_t> sums;
    std::vector<int64_t> notes;
    std::string failure;
  };
  Gathered gather(std::span<const uint64_t> values, int64_t note, const std::string& failure) const;

 private:
  std::string first_failure(Communicator& group, std::span<const int64_t> failed, const std::string& mine) const;

  Communicator& all_;
  const int ranks_per_file_;
  std::unique_ptr<Communicator> of_file_, alike_;  // alike_: with the same place in each file
};

}  // namespace convoy
