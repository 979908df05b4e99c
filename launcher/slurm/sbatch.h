// Hands a batch script to Slurm.
#pragma once

#include <filesystem>
#include <string>

namespace convoy {

// The job's number. Throws ConfigError, with what sbatch said, if there is no sbatch or it refuses.
std::string submit_to_slurm(const std::filesystem::path& script);

}  // namespace convoy
