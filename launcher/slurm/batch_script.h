// The batch script of a training run under Slurm: launcher/slurm/train.sbatch, compiled into the program, with a run's
// own values in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launcher/slurm/slurm_options.h"

namespace convoy {

// What is wrong with the run's folder, absolute, as found, wanted, remedy; absent: nothing.
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
