// What a run asks Slurm for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace convoy {

struct SlurmOptions {
  int64_t nodes = 1;
  int64_t gpus_per_node = 0;
  int64_t tasks_per_node = 0;  // 0: one a GPU, or one a node without GPUs
  int64_t cpus_per_task = 0;   // 0: as the cluster's default says
  std::string time = "24:00:00";
  int64_t save_before_s = 120;  // before the time limit
  std::string partition, account;
  std::string launcher = "srun";            // or mpirun
  std::vector<std::string> sbatch_options;  // "qos=high" or "--qos=high"
};

int64_t tasks_per_node(const SlurmOptions& options);

// Has the text no line break nor other control character?
bool is_one_line(const std::string& text);

// What is wrong with the options, each as found, wanted, remedy; empty: nothing.
std::vector<std::string> slurm_mistakes(const SlurmOptions& options);

}  // namespace convoy
