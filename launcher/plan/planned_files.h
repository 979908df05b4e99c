// What a rank asks of the file system to save and to resume, told from the plan: what core/checkpoint does.
#pragma once

#include <cstddef>

#include "core/train/run_plan.h"

namespace convoy {

struct PlannedFiles {
  size_t checkpoint_bytes = 0;  // weights and states, without the small files
  int weight_files = 1;
  int optimizer_files = 0;  // one for the ranks of a node that hold parts
  // Of a save: by rank 0, which writes the weights, and by another at the most.
  size_t first_written_bytes = 0, written_bytes = 0;
  // Of a resume, by a rank at the most: the ranks read the checkpoint once between them.
  size_t read_bytes = 0;
  // Opens, fsyncs and the like of a rank that is not the first of its node: for a start, a save and the end; and files
  // opened by a resume on as many ranks.
  int operations = 0, resume_opens = 0;
};

PlannedFiles planned_files(const RankFacts& facts, const ModelPlan& model, int ranks_per_node, int64_t file_bytes);

}  // namespace convoy
