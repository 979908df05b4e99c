// Ranks in processes of their own: results, death, faults on demand, mismatches. The program starts itself again as
// `PROGRAM rank SCENARIO RANK RANKS ID`; a rank's exit status says what it met.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

extern char** environ;

namespace convoy {
namespace {
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Exit statuses of a rank.
constexpr int kFine = 0, kRemoteError = 10, kMisuse = 11, kInternalError = 12, kTimedOut = 13, kWrong = 14;
constexpr int kKilled = 128 + SIGKILL;

// ---- in a rank's process -----------------------------------------------------------------------------------------
struct Process : Rank {
  DeviceArray<float> data{std::vector<float>(1000, 1)};
  void all_reduce(size_t count = 1000, ncclRedOp_t op = ncclSum) {
    NCCL_OK(ncclAllReduce(data.data(), data.data(), count, ncclFloat32, op, comm, stream));
  }
};

int status_of(ncclResult_t state) {
  return state == ncclRemoteError ? kRemoteError : state == ncclInvalidUsage ? kMisuse : state ? kInternalError : kFine;
}

// As a program's watchdog does: waits for the stream without blocking, then aborts. Says what ended it.
int watch(Process& p, milliseconds patience = milliseconds(20000)) {
  const auto deadline = steady_clock::now() + patience;
  ncclResult_t state = ncclSuccess;
  bool late = false;
  while (!state && !late && cudaStreamQuery(p.stream) == cudaErrorNotReady) {
    NCCL_OK(ncclCommGetAsyncError(p.comm, &state));
    std::this_thread::sleep_for(milliseconds(2));
    late = steady_clock::now() > deadline;
  }
  if (!state && !late) NCCL_OK(ncclCommGetAsyncError(p.comm, &state));
  if (state) state = await_state(p.comm, ncclSuccess);
  if (state || late) NCCL_OK(ncclCommAbort(p.comm));
  return state ? status_of(state) : late ? kTimedOut : kFine;
}

int ten_sums(Process& p) {
  for (int k = 0; k < 10; ++k) p.all_reduce(1000, ncclAvg);
  p.all_reduce();
  if (const int status = watch(p)) return status;
  if (p.data.read()[999] != static_cast<float>(p.ranks)) return kWrong;
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

// Two communicators on two streams: the ranks enqueue in the same order, and their devices run in different ones.
int two_communicators(Process& p) {
  ncclComm_t second;
  NCCL_OK(ncclCommSplit(p.comm, 0, p.rank, &second, nullptr));
  DeviceArray<float> other(std::vector<float>(300'000, 1));
  Stream stream;
  for (int k = 0; k < 20; ++k) {
    p.all_reduce(1000, ncclAvg);
    NCCL_OK(ncclAllReduce(other.data(), other.data(), other.size(), ncclFloat32, ncclMax, second, stream.stream));
    if (k % 7 == p.rank) CUDA_OK(cudaStreamSynchronize(p.rank % 2 ? stream.stream : p.stream));
  }
  CUDA_OK(cudaDeviceSynchronize());
  if (p.data.read()[0] != 1 || other.read()[299'999] != 1) return kWrong;
  NCCL_OK(ncclCommDestroy(second));
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

int killed_in_the_middle(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) kill(getpid(), SIGKILL);
  p.all_reduce();
  return watch(p);
}

int killed_while_all_are_idle(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) kill(getpid(), SIGKILL);
  const int status = status_of(await_state(p.comm, ncclSuccess));
  NCCL_OK(ncclCommAbort(p.comm));
  return status;
}

int impatient(Process& p) {
  p.all_reduce();
  p.all_reduce();
  return watch(p, milliseconds(p.rank == 0 ? 500 : 20000));
}

int different_counts(Process& p) {
  p.all_reduce(p.rank == 1 ? 999 : 1000);
  return watch(p);
}

int different_operations(Process& p) {
  p.all_reduce(1000, p.rank == 1 ? ncclMax : ncclSum);
  return watch(p);
}

int different_order(Process& p) {
  for (const int k : {0, 1})
    if ((k + p.rank) % 2)
      p.all_reduce();
    else
      NCCL_OK(ncclBcast(p.data.data(), 1000, ncclFloat32, 0, p.comm, p.stream));
  return watch(p);
}

int everyone_sends_first(Process& p) {
  const int right = (p.rank + 1) % p.ranks, left = (p.rank + p.ranks - 1) % p.ranks;
  NCCL_OK(ncclSend(p.data.data(), 10, ncclFloat32, right, p.comm, p.stream));
  NCCL_OK(ncclRecv(p.data.data(), 10, ncclFloat32, left, p.comm, p.stream));
  return watch(p);
}

int different_messages(Process& p) {
  if (p.rank == 0) NCCL_OK(ncclSend(p.data.data(), 10, ncclFloat32, 1, p.comm, p.stream));
  if (p.rank == 1) NCCL_OK(ncclRecv(p.data.data(), 20, ncclFloat32, 0, p.comm, p.stream));
  return watch(p);
}

int one_leaves_early(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) {
    NCCL_OK(ncclCommDestroy(p.comm));
    return kFine;
  }
  p.all_reduce();
  return watch(p);
}

int one_exits_without_destroying(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) return kFine;
  std::this_thread::sleep_for(milliseconds(200));
  ncclResult_t state;
  NCCL_OK(ncclCommGetAsyncError(p.comm, &state));  // nothing needs rank 1 any more
  if (state) return status_of(state);
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

int reads_what_is_freed(Process& p) {
  float* gone;
  CUDA_OK(cudaMalloc(&gone, 4000));
  if (p.rank == 1) CUDA_OK(cudaFreeAsync(gone, p.stream));
  NCCL_OK(ncclAllReduce(gone, p.data.data(), 1000, ncclFloat32, ncclSum, p.comm, p.stream));
  return watch(p);
}

int waits_on_the_stream(Process& p) {
  p.all_reduce();
  if (p.rank == 1) {
    p.synchronize();
    kill(getpid(), SIGKILL);
  }
  p.all_reduce();
  return cudaStreamSynchronize(p.stream) ? kRemoteError : kFine;
}

using Scenario = int (*)(Process&);
const std::map<std::string, Scenario>& scenarios() {
#define SCENARIO(name) \
  { #name, name }
  static const std::map<std::string, Scenario> all = {SCENARIO(ten_sums),
                                                      SCENARIO(two_communicators),
                                                      SCENARIO(killed_in_the_middle),
                                                      SCENARIO(impatient),
                                                      SCENARIO(different_counts),
                                                      SCENARIO(killed_while_all_are_idle),
                                                      SCENARIO(different_order),
                                                      SCENARIO(different_operations),
                                                      SCENARIO(everyone_sends_first),
                                                      SCENARIO(one_leaves_early),
                                                      SCENARIO(different_messages),
                                                      SCENARIO(one_exits_without_destroying),
                                                      SCENARIO(reads_what_is_freed),
                                                      SCENARIO(waits_on_the_stream)};
#undef SCENARIO
  return all;
}

int run_rank(char** arguments) {
  ncclUniqueId id = {};
  strncpy(id.internal, arguments[5], sizeof id.internal - 1);
  Process p;
  p.rank = atoi(arguments[3]);
  p.ranks = atoi(arguments[4]);
  NCCL_OK(ncclCommInitRank(&p.comm, p.ranks, id, p.rank));
  CUDA_OK(cudaStreamCreateWithFlags(&p.stream, cudaStreamNonBlocking));
  int status;
  try {
    status = scenarios().at(arguments[2])(p);
  } catch (const NcclError& error) {  // a call already tells of what another rank met
    NCCL_OK(ncclCommAbort(p.comm));
    status = status_of(error.code);
  }
  exit(status);  // p is not destroyed: after an error its memory cannot be freed
}

// ---- in the test's process ---------------------------------------------------------------------------------------
struct Outcome {
  std::vector<int> statuses;
  std::string errors;  // what all ranks wrote
  double seconds = 0;
};

int status_of_process(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t start_rank(const std::string& scenario, int rank, int ranks, const ncclUniqueId& id, const std::string& log,
                 const std::string& fault) {
  std::vector<std::string> arguments = {"/proc/self/exe",      "rank",     scenario, std::to_string(rank),
                                        std::to_string(ranks), id.internal};
  std::vector<std::string> variables = {"VGPU_SEED=" + std::to_string(rank * 7 + 1), "VGPU_NCCL_FAULT=" + fault};
  std::vector<char*> argv, env;
  for (std::string& a : arguments) argv.push_back(a.data());
  for (char** e = environ; *e; ++e)
    if (strncmp(*e, "VGPU_SEED=", 10) && strncmp(*e, "VGPU_NCCL_FAULT=", 16)) env.push_back(*e);
  for (std::string& v : variables) env.push_back(v.data());
  argv.push_back(nullptr);
  env.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  pid_t process = 0;
  const int error = posix_spawn(&process, argv[0], &actions, nullptr, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error) throw std::runtime_error(std::string("cannot start a rank: ") + strerror(error));
  return process;
}

Outcome run(const std::string& scenario, int ranks, const std::string& fault = "") {
  const auto begin = steady_clock::now();
  const std::string log = testing::TempDir() + "virtual_nccl_" + scenario + "_" + std::to_string(getpid());
  std::filesystem::remove(log);
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  std::vector<pid_t> processes;
  for (int r = 0; r < ranks; ++r) processes.push_back(start_rank(scenario, r, ranks, id, log, fault));
  Outcome outcome;
  for (const pid_t process : processes) outcome.statuses.push_back(status_of_process(process));
  outcome.seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  std::ifstream file(log);
  outcome.errors.assign(std::istreambuf_iterator<char>(file), {});
  std::filesystem::remove(log);
  return outcome;
}

void expect(const Outcome& outcome, const std::vector<int>& statuses, const std::string& words) {
  EXPECT_EQ(outcome.statuses, statuses) << outcome.errors;
  EXPECT_NE(outcome.errors.find(words), std::string::npos) << "wanted \"" << words << "\" in:\n" << outcome.errors;
  EXPECT_LT(outcome.seconds, 15);
}

TEST(Processes, Sum) {
  for (const int ranks : {1, 2, 5}) expect(run("ten_sums", ranks), std::vector<int>(ranks, kFine), "");
}

TEST(Processes, TwoCommunicators) { expect(run("two_communicators", 3), {kFine, kFine, kFine}, ""); }

TEST(Processes, OneIsKilled) {
  const std::string words = "the process of rank 1 has died";
  expect(run("killed_in_the_middle", 3), {kRemoteError, kKilled, kRemoteError}, words);
  expect(run("killed_while_all_are_idle", 3), {kRemoteError, kKilled, kRemoteError}, words);
  expect(run("waits_on_the_stream", 3), {kRemoteError, kKilled, kRemoteError}, words);
}

TEST(Processes, FaultsOnDemand) {
  expect(run("ten_sums", 3, "rank=1,collective=3,kind=error"), {kRemoteError, kInternalError, kRemoteError},
         "rank 1 fails in collective 3");
  expect(run("ten_sums", 3, "rank=2,collective=11,kind=exit"), {kRemoteError, kRemoteError, 1}, "rank 2");
  // Rank 0 loses patience and aborts; the rank that hangs is told, and ends by its own abort.
  const Outcome hang = run("impatient", 3, "rank=1,collective=2,kind=hang");
  expect(hang, {kTimedOut, kRemoteError, kRemoteError}, "rank 0 aborted with operations unfinished");
}

TEST(Processes, AFaultThatCannotBeReadIsRefused) {
  expect(run("ten_sums", 1, "rank=1,collective=x"), {2}, "wanted as in");
  expect(run("ten_sums", 1, "rank=1,kind=hang"), {2}, "wanted as in");
}

TEST(Processes, MismatchesNameBothSides) {
  const std::vector<int> misuse(2, kMisuse);
  expect(run("different_counts", 2), misuse,
         "rank 0: collective 1, AllReduce of 1000 float32, sum; rank 1: collective 1, AllReduce of 999 float32, sum");
  expect(
      run("different_operations", 2), misuse,
      "rank 0: collective 1, AllReduce of 1000 float32, sum; rank 1: collective 1, AllReduce of 1000 float32, maximum");
  expect(
      run("different_order", 2), misuse,
      "rank 0: collective 1, Broadcast of 1000 float32, root 0; rank 1: collective 1, AllReduce of 1000 float32, sum");
  expect(run("different_messages", 2), misuse,
         "rank 0: message 1, Send of 10 float32 to rank 1; rank 1: message 1, Recv of 20 float32 from rank 0");
}

TEST(Processes, RanksThatWaitInACircleAreTold) {
  expect(run("everyone_sends_first", 3), std::vector<int>(3, kMisuse),
         "rank 2 in Send of 10 float32 to rank 0 waits for rank 0");
}

TEST(Processes, LeavingEarly) {
  expect(run("one_leaves_early", 2), {kRemoteError, kFine},
         "rank 1 has left the communicator, and rank 0 waits for it");
  expect(run("one_exits_without_destroying", 2), {kFine, kFine}, "");
}

TEST(Processes, MemoryFreedBeforeTheStreamComesToIt) {
  const Outcome outcome = run("reads_what_is_freed", 2);
  expect(outcome, {kRemoteError, kInternalError}, "use after free");
}

TEST(Processes, LeaveNothingBehind) {
  const auto files = [] {
    const std::filesystem::directory_iterator folder("/dev/shm");
    return std::count_if(begin(folder), end(folder),
                         [](const auto& f) { return f.path().string().find("nccl") != std::string::npos; });
  };
  const auto before = files();
  run("killed_in_the_middle", 2);
  EXPECT_EQ(files(), before);
}
}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc == 6 && !strcmp(argv[1], "rank")) return convoy::run_rank(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
