// A job of ranks with a GPU each that goes wrong in a chosen way: nccl_failing_job HOW TIMEOUT_S [RUN_FOLDER], under
// mpirun.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "comm/make_communicator.h"
#include "tests/comm/nccl/gpu_ranks.h"

namespace convoy::test {
namespace {

// Steps as those of training: a collective on the stream, what the host makes of it, a decision of all ranks.
void train(GpuRank& rank, const std::string& how) {
  Communicator& c = rank.communicator();
  const auto stream = rank.device().make_stream(StreamKind::communication);
  const Memory memory = rank.device().allocate(4000);
  stream->zero(memory.data(), 4000);
  for (int step = 0; step < 5; ++step) {
    c.label(step, "gradient bucket 2 of 5");
    if (how == "killed" && step == 3 && c.rank() == 1) raise(SIGKILL);
    if (how == "stopped" && step == 3 && c.rank() == 1) raise(SIGSTOP);
    if (how == "late" && step == 3 && c.rank() == 1) std::this_thread::sleep_for(std::chrono::seconds(2));
    if (how == "exception" && step == 3 && c.rank() == 1) throw DataError("shard 3 is truncated");
    c.all_reduce(*stream, {memory.data(), DType::f32, {1000}});
    stream->synchronize();
    bool stop = false, all[8];
    c.all_gather_host(all, &stop, sizeof stop);
    if (c.rank() == 0) std::printf("finished step %d\n", step);
  }
}

int run(const std::string& how, double timeout_s, const char* run_folder) {
  const auto world = make_communicator({.kind = CommunicatorKind::mpi, .timeout_s = timeout_s});
  if (run_folder != nullptr) watch_for_hangs(*world, run_folder, timeout_s);
  GpuRank rank(*world, timeout_s);
  try {
    train(rank, how);
  } catch (const Error& error) {
    rank.communicator().abort(error.code(), error.what());
  }
  return 0;
}

}  // namespace
}  // namespace convoy::test

int main(int, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return convoy::test::run(argv[1], std::atof(argv[2]), argv[3]);
}
