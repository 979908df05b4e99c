// The batch script of a training run under Slurm: launcher/slurm/train.sbatch, compiled into the program, with a run's
// own values in it.
#pragma once

#include <cstdint>
#include <optional>
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

// What is wrong with the options, each as found, wanted, remedy; empty: nothing.
std::vector<std::string> slurm_mistakes(const SlurmOptions& options);

// The same of the run's folder, absolute.
std::optional<std::string> run_folder_mistake(const std::string& run);

// Fills every @NAME@ of the template that `values` has; throws InternalError at a name that it does not have.
struct TemplateValue {
  std::string name, value;
};
std::string fill_template(const std::string& text, const std::vector<TemplateValue>& values);

// train_command: the words to start a rank with, quoted here. run: the run's folder, absolute.
std::string batch_script(const SlurmOptions& options, const std::string& run,
                         const std::vector<std::string>& train_command);

// One word for bash, whatever is in it.
std::string quoted(const std::string& word);

}  // namespace convoy
