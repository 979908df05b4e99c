// A job that goes wrong in a chosen way, for failure_test: failing_job HOW TIMEOUT_S [RUN_FOLDER], under mpirun.
#include <malloc.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "comm/make_communicator.h"
#include "comm/mpi/launch_environment.h"
#include "tests/comm/support/plain_stream.h"

namespace convoy::test {
namespace {

void reduce(Communicator& world, int64_t elements = 1000) {
  std::vector<float> x(static_cast<size_t>(elements));
  const auto stream = make_plain_stream(StreamKind::communication);
  world.all_reduce(*stream, {x.data(), DType::f32, {elements}});
  stream->synchronize();
}

void stuck_collective(Communicator& world) {
  if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::hours(1));
  world.label(42, "gradient bucket 2 of 5");
  reduce(world);
}

// All ranks come to step 3; there rank 1 does something else.
void fail_in_step(Communicator& world, const std::string& how) {
  for (int step = 0; step < 4; ++step) {
    world.label(step, "gradient bucket 2 of 5");
    if (step == 3 && world.rank() == 1) {
      if (how == "stopped") raise(SIGSTOP);
      if (how == "late") std::this_thread::sleep_for(std::chrono::hours(1));
      if (how == "mismatch") world.barrier_host();
    }
    reduce(world);
  }
}

// As above in a group of ranks 0 and 1, while rank 2 waits for them in the world.
void late_in_a_group(Communicator& world) {
  const auto group = world.split(world.rank() < 2 ? 0 : 1, world.rank());
  if (world.rank() < 2) fail_in_step(*group, "late");
  world.barrier_host();
}

void stuck_host(Communicator& world) {
  if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::hours(1));
  world.label(7, "checkpoint");
  world.barrier_host();
}

void abort_one(Communicator& world) {
  if (world.rank() == 1) world.abort(ExitCode::bad_checkpoint, "the checkpoint is damaged");
  world.barrier_host();
}

void abort_all(Communicator& world) {
  world.barrier_host();
  world.abort(ExitCode::wrong_bits, "reason of rank " + std::to_string(world.rank()));
}

// Where the heap ends glibc keeps a size; malloc finds it damaged while it holds its lock, and aborts.
void crash_in_malloc(Communicator& world) {
  if (world.rank() == 1) {
    std::vector<char*> blocks;
    blocks.reserve(100000);
    const auto allocate = [&](size_t bytes) { blocks.push_back(static_cast<char*>(std::malloc(bytes))); };
    // The thread's own stock of small blocks, which needs no lock, is used up.
    for (size_t bytes = 16; bytes < 1100; bytes += 16)
      for (int i = 0; i < 100; ++i) allocate(bytes);
    for (int i = 0; i < 1000; ++i) allocate(5000);
    std::memset(blocks.back() + malloc_usable_size(blocks.back()), 0xff, sizeof(size_t));
    allocate(100000);
  }
  world.barrier_host();
}

void idle(Communicator& world) {
  world.barrier_host();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  world.barrier_host();
}

void run(const std::string& how, double timeout_s, const char* run_folder) {
  const bool is_last = mpi::launch_environment().rank == mpi::launch_environment().size - 1;
  if (how == "stopped-before-start" && is_last) raise(SIGSTOP);
  const auto world = make_communicator({.kind = CommunicatorKind::mpi, .timeout_s = timeout_s});
  if (run_folder != nullptr) watch_for_hangs(*world, run_folder, timeout_s);
  if (how == "stopped" || how == "late" || how == "mismatch") fail_in_step(*world, how);
  if (how == "late-in-a-group") late_in_a_group(*world);
  if (how == "stuck-collective") stuck_collective(*world);
  if (how == "stuck-host") stuck_host(*world);
  if (how == "abort-one") abort_one(*world);
  if (how == "abort-all") abort_all(*world);
  if (how == "crash-in-malloc") crash_in_malloc(*world);
  if (how == "idle") idle(*world);
  if (how == "stopped-before-end" && is_last) raise(SIGSTOP);
  if (how == "exception") {
    if (world->rank() == 1) throw DataError("leaves the communicator's scope");
    world->barrier_host();
  }
}

}  // namespace
}  // namespace convoy::test

int main(int, char** argv) {
  try {
    convoy::test::run(argv[1], std::atof(argv[2]), argv[3]);
  } catch (const convoy::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
