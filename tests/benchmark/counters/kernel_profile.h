// What the virtual GPU counted, read from the CSV file it writes with VGPU_PROFILE.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace convoy::counters {

struct KernelProfile {
  std::string kernel;  // without namespaces and parameters
  std::map<std::string, double> counts;

  double count(const std::string& column) const { return counts.at(column); }
  double moved_bytes() const;        // of global memory, in whole sectors of 32 bytes
  double sector_efficiency() const;  // bytes asked for / bytes moved; at most 1
  double wide_share() const;         // of global accesses: 16 bytes a thread
  double clocks_per_mma() const;     // of shared memory, for each product of 16 x 8 x 16; 0 without products
  double conflict_share() const;     // wavefronts of shared memory beyond the least, per access
};

// Of the program's own kernels. Throws DataError, naming the file, if it is absent or not such a table.
std::vector<KernelProfile> read_profile(const std::filesystem::path& file);

}  // namespace convoy::counters
