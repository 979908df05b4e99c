// Checkpoints that all ranks of a run open together: rank 0 reads manifest and small files and sends them, and what is
// large is verified by all ranks, each a share. Others than rank 0 open no file before they read what is theirs.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string_view>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communicator.h"

namespace convoy {

// Collective. folder: rank 0's counts. Throws a SharedError with CheckpointError's code if the checkpoint is damaged or
// none. limit_s: as FileWork has it.
std::unique_ptr<CheckpointReader> open_together(Communicator& communicator, const std::filesystem::path& folder,
                                                bool verify, double limit_s);

// Folders of those that turned out to be damaged when they were read.
using DamagedCheckpoints = std::set<std::filesystem::path>;

// Collective. As find_checkpoint() does on one rank; null: there is none. What a resume reads is verified when it reads
// it: a checkpoint that is damaged there is to be looked for again without it.
std::unique_ptr<CheckpointReader> find_together(Communicator& communicator, const std::filesystem::path& checkpoints,
                                                double limit_s, const DamagedCheckpoints& damaged = {});

// Collective. As find_rollback_point().
std::unique_ptr<CheckpointReader> find_rollback_point_together(Communicator& communicator,
                                                               const std::filesystem::path& checkpoints, int64_t step,
                                                               int64_t spike_step, double limit_s,
                                                               const DamagedCheckpoints& damaged = {});

void warn_of_skipped(const std::filesystem::path& checkpoint, std::string_view why);

}  // namespace convoy
