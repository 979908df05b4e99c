// Saves checkpoints of steps 1, 2, 3, ... on ranks that are threads until it is killed: checkpoint_writer FOLDER RANKS.
#include <cstdlib>

#include "tests/core/checkpoint/toy_checkpoint.h"

int main(int argc, char** argv) {
  using namespace convoy;
  if (argc != 3) return 2;
  on_threads(std::atoi(argv[2]), [&](Communicator& ranks) {
    CheckpointStore store(ranks, {argv[1], "killed", 2});
    for (int64_t step = 1;; ++step) {
      ToyState state(step);
      store.save(state.contents(ranks.rank(), ranks.size()));
      store.wait();
      if (store.failure()) throw CheckpointError(*store.failure());
    }
  });
}
