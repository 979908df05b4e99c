// The names in RUN/checkpoints: which are checkpoints, which are unfinished, which may go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

std::string checkpoint_name(int64_t step);                                        // step-00000500
std::string unfinished_name(int64_t step, std::string_view nonce, int64_t save);  // .step-00000500.NONCE.3.tmp
std::string optimizer_file_name(int rank, int size);                              // optimizer-00000-of-00002...

std::string weights_file_name(int file, int files);  // model.safetensors, or model-00001-of-00003.safetensors from 0 on
std::string average_file_name(int file, int files);  // ema.safetensors, or ema-00001-of-00003.safetensors
// Where the weights of a checkpoint's folder are, and their average: the file, or the index of several.
std::filesystem::path weights_path_in(const std::filesystem::path& folder);
std::filesystem::path average_path_in(const std::filesystem::path& folder);

// Step and folder of everything named like a checkpoint, oldest first; whether they are good is not looked at.
std::vector<std::pair<int64_t, std::filesystem::path>> list_checkpoints(const std::filesystem::path& checkpoints);

// Those before `spike_step`, as list_checkpoints() has them but that of `step` last: the last good one is gone back to.
std::vector<std::pair<int64_t, std::filesystem::path>> rollback_candidates(const std::filesystem::path& checkpoints,
                                                                           int64_t step, int64_t spike_step);
// What to say where none is good, and where another one than that of `step` was found.
std::string all_damaged(const std::filesystem::path& checkpoints, size_t count);
std::string no_rollback_point(const std::filesystem::path& checkpoints, int64_t step);
void warn_of_stand_in(const CheckpointReader& found, int64_t step);

// Puts `unfinished` in the place of `checkpoint`. If there is one already it moves to the unfinished name, in one step
// where the file system can exchange names. Then fsyncs the folder above both.
void publish_folder(const std::filesystem::path& unfinished, const std::filesystem::path& checkpoint);

// Makes `latest` beside the checkpoint name it, unless it does already: a start that died between publishing a
// checkpoint and naming it left the one before in `latest`. Rank 0, before any save. Only a warning if it cannot be
// written.
void name_latest(const std::filesystem::path& checkpoint);

// The checkpoint that holds what a run at this position calls the best: the first one saved at that evaluation or after
// it, not after the position. Absent: there is none.
std::optional<std::filesystem::path> best_checkpoint(const std::filesystem::path& checkpoints,
                                                     const TrainingPosition& position);

// Makes `best` beside the checkpoints name that one; `best` goes where there is none. Rank 0. Only a warning if it
// cannot be written.
void name_best(const std::filesystem::path& checkpoints, const TrainingPosition& position);

// Removes the checkpoints up to the newest that retention does not keep; that one was just written and stays, as does
// the one that it would roll back to, and of each that stays the one that it calls the best. Later ones are left alone
// (a damaged one that this run has not come back to yet must not push out a good one). A folder first loses its name,
// so that no reader finds it half removed. Logs what cannot be removed.
void remove_old_checkpoints(const std::filesystem::path& checkpoints, const TrainingPosition& newest,
                            const Retention& retention);

// Removes the checkpoints after `step` up to `spike_step`: the run has gone back to `step` and comes to other weights.
// `latest` names the checkpoint of `step`, or is no longer there if that is 0.
void remove_abandoned_checkpoints(const std::filesystem::path& checkpoints, int64_t step, int64_t spike_step);

}  // namespace convoy
