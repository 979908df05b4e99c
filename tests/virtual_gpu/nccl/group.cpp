#include "tests/virtual_gpu/nccl/group.h"

#include <algorithm>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::virtual_nccl {
namespace {
struct Part {  // of a group: what concerns one communicator
  std::shared_ptr<Communicator> communicator;
  std::vector<Request> requests;
  std::vector<cudaStream_t> streams;  // each once
};

struct Group {
  ~Group() {
    if (depth) fail(ncclInvalidUsage, "a thread ended between ncclGroupStart and ncclGroupEnd");
  }
  int depth = 0;
  ncclResult_t error = ncclSuccess;
  std::vector<Part> parts;
  std::vector<std::shared_ptr<Communicator>> starting;

  void clear() {
    error = ncclSuccess;
    parts.clear();
    starting.clear();
  }
};
thread_local Group group;

// The gates of one part, in a stream or a graph. Each launch, the only one or each of a graph, is one task.
class Launch {
 public:
  explicit Launch(Part part) : part_(std::move(part)) {}

  std::function<int()> issue(const std::shared_ptr<void>& gate) {
    const auto& communicator = part_.communicator;
    if (!joined_) task_ = communicator->issue(part_.requests, part_.streams.size());
    joined_ = (joined_ + 1) % part_.streams.size();
    communicator->add_gate(*task_, gate);
    return [communicator, task = task_, reached = false]() mutable { return communicator->poll(*task, reached); };
  }

 private:
  const Part part_;
  TaskPtr task_;
  size_t joined_ = 0;  // gates of the present task so far
};

ncclResult_t launch(Part part) {
  const std::string conflict = find_conflict(part.requests, part.communicator->rank(), part.communicator->ranks());
  if (!conflict.empty()) return fail(ncclInvalidUsage, conflict);
  const std::vector<cudaStream_t> streams = part.streams;
  const bool in_progress = part.communicator->begin_operation();
  const int device = part.communicator->device();
  const auto launch = std::make_shared<Launch>(std::move(part));
  const VgpuIssue issue = [launch](const std::shared_ptr<void>& gate) { return launch->issue(gate); };
  int device_of_caller = 0;
  cudaGetDevice(&device_of_caller);
  cudaSetDevice(device);  // the null stream is that of the communicator's device
  for (const cudaStream_t stream : streams) vgpu_enqueue_asynchronous(stream, &issue);
  cudaSetDevice(device_of_caller);
  return in_progress ? ncclInProgress : ncclSuccess;
}

void add_to_group(const std::shared_ptr<Communicator>& communicator, const Request& request, cudaStream_t stream) {
  auto part = std::find_if(group.parts.begin(), group.parts.end(),
                           [&](const Part& p) { return p.communicator == communicator; });
  if (part == group.parts.end()) part = group.parts.insert(part, {communicator, {}, {}});
  part->requests.push_back(request);
  if (std::find(part->streams.begin(), part->streams.end(), stream) == part->streams.end())
    part->streams.push_back(stream);
}

// Before an operation: the communicator has started, has not failed, and its last call is complete.
ncclResult_t check_ready(ncclComm_t handle, Communicator& communicator, const char* call) {
  if (handle->finalized) return fail(ncclInvalidUsage, text(call, " after ncclCommFinalize"));
  const ncclResult_t state = communicator.state();
  if (state == ncclInProgress)
    return fail(ncclInvalidArgument, text(call,
                                          " on a communicator whose last call is in progress; ask "
                                          "ncclCommGetAsyncError until it says ncclSuccess"));
  if (state) return fail(state, text(call, " on a communicator that has failed: ", communicator.error_message()));
  return ncclSuccess;
}

ncclResult_t check(ncclComm_t handle, Communicator& communicator, const char* call, const Request& request,
                   cudaStream_t stream) {
  if (const ncclResult_t result = check_ready(handle, communicator, call)) return result;
  const std::string mistake = find_mistake(request, communicator.rank(), communicator.ranks(), communicator.device());
  if (!mistake.empty()) return fail(ncclInvalidArgument, text(call, ": ", mistake));
  int device = communicator.device();
  if (stream && stream != cudaStreamLegacy && stream != cudaStreamPerThread) cudaStreamGetDevice(stream, &device);
  if (device != communicator.device())
    return fail(ncclInvalidArgument, text(call, ": the stream belongs to device ", device,
                                          ", the communicator to device ", communicator.device()));
  return ncclSuccess;
}
}  // namespace

int group_depth() { return group.depth; }

ncclResult_t spoil_group(ncclResult_t code) {
  if (group.depth && code != ncclInProgress && !group.error) group.error = code;
  return code;
}

ncclResult_t start_group() {
  ++group.depth;
  return ncclSuccess;
}

ncclResult_t end_group() {
  if (!group.depth) return fail(ncclInvalidUsage, "ncclGroupEnd without ncclGroupStart");
  if (--group.depth) return ncclSuccess;
  ncclResult_t result = group.error;
  for (const auto& communicator : group.starting) {  // they may wait for each other: all have begun by now
    const ncclResult_t state = communicator->blocking() ? communicator->wait_until_started() : ncclInProgress;
    if (!result || result == ncclInProgress) result = state ? state : result;
  }
  if (!result || result == ncclInProgress)
    for (Part& part : group.parts) {
      const ncclResult_t launched = launch(std::move(part));
      if (!result || result == ncclInProgress) result = launched ? launched : result;
    }
  group.clear();
  return result;
}

ncclResult_t submit(ncclComm_t handle, const char* call, const Request& request, cudaStream_t stream) {
  const auto communicator = find(handle, call);
  if (!communicator) return spoil_group(ncclInvalidArgument);
  if (const ncclResult_t result = check(handle, *communicator, call, request, stream)) return spoil_group(result);
  if (!group.depth) return launch({communicator, {request}, {stream}});
  add_to_group(communicator, request, stream);
  return ncclSuccess;
}

ncclResult_t await_start(const std::shared_ptr<Communicator>& communicator) {
  if (group.depth) {
    group.starting.push_back(communicator);
    return communicator->blocking() ? ncclSuccess : ncclInProgress;
  }
  return communicator->blocking() ? communicator->wait_until_started() : ncclInProgress;
}
}  // namespace convoy::virtual_nccl
