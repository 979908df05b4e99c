// The progress thread of a communicator's rank.
#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "tests/virtual_gpu/nccl/communicator.h"
#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/fault.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::virtual_nccl {
namespace {
// Between looks at whether the others live, and while streams have to be made to go on.
constexpr int kRestMilliseconds = 20, kUrgentMilliseconds = 1;
}  // namespace

void Communicator::work() {
  while (!stop_) {
    const uint32_t heard = segment_->rank(rank_).doorbell;
    const bool changed = pass();
    RankState& state = segment_->rank(rank_);
    if (changed) ++state.changes;
    ++state.passes;
    if (changed) continue;
    check_peers();
    if (!stop_) segment_->sleep(rank_, heard, needed_ ? kUrgentMilliseconds : kRestMilliseconds);
  }
  if (head())
    segment_->fail(rank_, text("rank ", rank_, (abandoned_ ? " exited" : " aborted"), " with operations unfinished"));
  segment_->rank(rank_).waits_for = 0;
  drop_tasks(abandoned_ ? cudaErrorLaunchFailure : cudaSuccess);
  segment_->leave(rank_);
}

bool Communicator::pass() {
  needed_ = false;
  if (segment_->failure()) return take_part_in_failure();
  const TaskPtr task = head();
  if (!task) return false;
  Task::State state;
  {
    const std::lock_guard lock(mutex_);
    state = task->state;
  }
  if (state == Task::State::issued) return drive(*task);
  if (state == Task::State::ready) {
    start(*task);
    return true;
  }
  return advance(*task);
}

bool Communicator::take_part_in_failure() {
  const Failure& failure = *segment_->failure();
  {
    const std::lock_guard lock(mutex_);
    if (!error_) {
      error_ = failure.rank == rank_ ? local_error_ : failure.rank < 0 ? ncclInvalidUsage : ncclRemoteError;
      message_ = text("rank ", rank_, " of ", ranks_, ": ", failure.message);
      fail(error_, message_);
      changed_.notify_all();
    }
  }
  const TaskPtr task = head();
  if (task && task->hung) return false;  // what hangs ends by an abort only
  const bool others_failed = failure.rank >= 0 && failure.rank != rank_;
  if (task && others_failed && !task->exchanges.empty()) {
    if (advance(*task)) return true;
    if (!needs_the_failed(failure)) return false;
  }
  segment_->rank(rank_).waits_for = 0;
  drop_tasks(cudaErrorLaunchFailure);
  if (!segment_->rank(rank_).gave_up.exchange(true)) segment_->ring_all();
  return task != nullptr;
}

// Whether the task that runs waits for a rank that has failed or given up. One that does not goes on: what every rank
// has done its part in ends well on all of them.
bool Communicator::needs_the_failed(const Failure& failure) {
  const uint64_t waits_for = segment_->rank(rank_).waits_for;
  for (int r = 0; r < ranks_; ++r)
    if (waits_for >> r & 1 && (r == failure.rank || segment_->rank(r).gave_up)) return true;
  return false;
}

// Whether something waits for the task, so that its streams may not rest before it.
bool Communicator::is_needed(const Task& task) {
  for (int r = 0; r < ranks_; ++r)
    if (segment_->rank(r).waits_for >> rank_ & 1) return true;
  const std::lock_guard lock(mutex_);
  return flushing_ || task.gates_reached ||
         std::any_of(tasks_.begin(), tasks_.end(), [](const TaskPtr& t) { return t->gates_reached > 0; });
}

bool Communicator::drive(Task& task) {
  needed_ = is_needed(task);
  if (!needed_) return false;
  std::vector<std::shared_ptr<void>> gates;
  {
    const std::lock_guard lock(mutex_);
    gates = task.gates;
  }
  for (const auto& gate : gates) vgpu_advance(&gate);
  const cudaError_t error = cudaPeekAtLastError();
  const std::lock_guard lock(mutex_);
  if (task.state != Task::State::issued) return true;
  if (error) {
    local_error_ = ncclUnhandledCudaError;
    segment_->fail(rank_, text("the device of rank ", rank_, " has failed: ", cudaGetErrorString(error)));
  }
  return error != cudaSuccess;
}

bool Communicator::resolve(Task& task, std::vector<Resolved>& resolved) {
  for (const Request& request : task.requests) {
    Resolved r{request};
    const uint64_t in = input_bytes(request, rank_, ranks_), out = output_bytes(request, rank_, ranks_);
    const std::string what = describe(request);
    Reduction& reduction = r.request.reduction;
    if (reduction.device_scale) {
      const size_t bytes = element_bytes(request.type);
      const void* scale = vgpu_host_pointer(reduction.device_scale, bytes, "scalar of a pre-multiplied sum");
      if (!scale) return false;
      memcpy(&reduction.scale_bits, scale, bytes);
    }
    if (in) r.input = static_cast<const std::byte*>(vgpu_host_pointer(request.input, in, ("input of " + what).c_str()));
    if (out) r.output = static_cast<std::byte*>(vgpu_host_pointer(request.output, out, ("output of " + what).c_str()));
    if ((in && !r.input) || (out && !r.output)) return false;
    resolved.push_back(r);
  }
  return true;
}

bool Communicator::meets_fault(Task& task) {
  uint64_t number = counters_.collectives;
  for (const Request& request : task.requests) {
    if (!is_collective(request.kind)) continue;
    const auto fault = take_fault(rank_, ++number);
    if (!fault) continue;
    if (*fault == FaultKind::exit) _exit(1);
    if (*fault == FaultKind::hang) task.hung = true;
    if (*fault == FaultKind::error)
      fail_here(ncclInternalError, text("rank ", rank_, " fails in collective ", number, ", as VGPU_NCCL_FAULT asks"));
    return true;
  }
  return false;
}

void Communicator::start(Task& task) {
  {
    const std::lock_guard lock(mutex_);
    task.state = Task::State::running;
  }
  RankState& state = segment_->rank(rank_);
  std::string doing = describe(task.requests[0]);
  if (task.requests.size() > 1) doing += text(" and ", task.requests.size() - 1, " more");
  strncpy(state.doing, doing.c_str(), sizeof state.doing - 1);
  if (meets_fault(task)) return;
  std::vector<Resolved> resolved;
  if (!resolve(task, resolved)) {
    fail_here(ncclUnhandledCudaError, text("rank ", rank_, " met memory that is not valid in ", doing));
    finish(task, cudaErrorIllegalAddress);
    return;
  }
  for (const Resolved& r : resolved) task.exchanges.push_back(make_exchange(*segment_, rank_, r, counters_));
}

bool Communicator::advance(Task& task) {
  if (task.hung) return false;
  bool changed = false, finished = true;
  uint64_t waits_for = 0;
  std::set<int> busy;
  for (const auto& exchange : task.exchanges) {
    if (exchange->finished() || !busy.insert(exchange->lane()).second) {
      finished = finished && exchange->finished();
      continue;
    }
    changed |= exchange->advance();
    if (exchange->finished()) {
      busy.erase(exchange->lane());
    } else {
      finished = false;
      waits_for |= exchange->waits_for();
    }
  }
  const uint64_t newly = waits_for & ~segment_->rank(rank_).waits_for.exchange(waits_for);
  for (int r = 0; r < ranks_; ++r)
    if (newly >> r & 1) segment_->ring(r);  // its streams may rest
  if (finished) finish(task, cudaSuccess);
  return changed || finished;
}

void Communicator::check_peers() {
  const uint64_t waits_for = segment_->rank(rank_).waits_for;
  for (int r = 0; r < ranks_; ++r) {
    if (r == rank_) continue;
    segment_->check_alive(r);
    const Presence presence = segment_->rank(r).presence;
    if (presence == Presence::dead) segment_->fail(r, text("the process of rank ", r, " has died"));
    if (presence == Presence::left && waits_for >> r & 1 && !pass())  // once more: it may have done its part before
      if (segment_->rank(rank_).waits_for >> r & 1)
        segment_->fail(r, text("rank ", r, " has left the communicator, and rank ", rank_, " waits for it in ",
                               segment_->rank(rank_).doing));
  }
  if (!waits_for) return;
  const std::string cycle = cycle_.check(*segment_, rank_);
  if (!cycle.empty()) segment_->fail(-1, cycle);
}
}  // namespace convoy::virtual_nccl
