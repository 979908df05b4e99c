// The text of launcher/slurm/train.sbatch.
#pragma once

namespace convoy {

extern const char* const kBatchTemplate;

}  // namespace convoy
