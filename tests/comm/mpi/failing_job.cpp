// A job that goes wrong in a chosen way, for failure_test: failing_job HOW TIMEOUT_S, under mpirun.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "comm/make_communicator.h"
#include "tests/comm/support/plain_stream.h"

namespace convoy::test {
namespace {

void stuck_collective(Communicator& world) {
  if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::hours(1));
  std::vector<float> x(1000);
  const auto stream = make_plain_stream(StreamKind::communication);
  world.label(42, "gradient bucket 2 of 5");
  world.all_reduce(*stream, {x.data(), DType::f32, {1000}});
  stream->synchronize();
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

void idle(Communicator& world) {
  world.barrier_host();
  std::this_thread::sleep_for(std::chrono::seconds(2));
  world.barrier_host();
}

void run(const std::string& how, double timeout_s) {
  const auto world = make_communicator({.kind = CommunicatorKind::mpi, .timeout_s = timeout_s});
  if (how == "stuck-collective") stuck_collective(*world);
  if (how == "stuck-host") stuck_host(*world);
  if (how == "abort-one") abort_one(*world);
  if (how == "abort-all") abort_all(*world);
  if (how == "idle") idle(*world);
  if (how == "exception") {
    if (world->rank() == 1) throw DataError("leaves the communicator's scope");
    world->barrier_host();
  }
}

}  // namespace
}  // namespace convoy::test

int main(int, char** argv) {
  try {
    convoy::test::run(argv[1], std::atof(argv[2]));
  } catch (const convoy::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
