// What `trainer doctor` says: the machine, the libraries, the ranks, and what is wrong with them.
#pragma once

#include <string>
#include <vector>

#include "core/comm/communicator.h"

namespace convoy {

struct RankView {
  int rank = 0, local_rank = 0;
  std::string host, processors;  // "0-3,8"
  int processor_count = 0, threads = 0;
  std::string binding = {}, network = {};  // "its share of the cores"; "mlx5_0", or nothing
  bool operator==(const RankView&) const = default;
};

struct DoctorReport {
  std::string text;                   // for rank 0 to print
  std::vector<std::string> problems;  // the same on every rank; empty: all is well
};

// Collective; binds the ranks as training would. mismatch: what make_communicator complained about, or empty. network:
// what choose_network chose.
DoctorReport examine(Communicator& communicator, const std::string& mismatch, const std::string& network = {});

// Problems that show from the ranks alone.
std::vector<std::string> rank_problems(const std::vector<RankView>& ranks);
// Hints that are no problems: more ranks than processors, for example.
std::vector<std::string> rank_hints(const std::vector<RankView>& ranks);

}  // namespace convoy
