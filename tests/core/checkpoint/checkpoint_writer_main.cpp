// Saves checkpoints of steps 1, 2, 3, ... until it is killed: checkpoint_writer FOLDER RANK SIZE.
#include <cstdlib>

#include "tests/core/checkpoint/toy_checkpoint.h"

int main(int argc, char** argv) {
  using namespace convoy;
  if (argc != 4) return 2;
  const int rank = std::atoi(argv[2]), size = std::atoi(argv[3]);
  CheckpointStore store({argv[1], rank, size, 2, "killed", 1});
  for (int64_t step = 1;; ++step) {
    ToyState state(step);
    store.save(state.contents(rank, size));
    store.wait();
    if (store.failure()) return 1;  // the other rank was killed
  }
}
