#include "tests/virtual_gpu/nccl/communicator.h"

#include <cuda_runtime_api.h>

#include <utility>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/rendezvous.h"
#include "tests/virtual_gpu/runtime/host_interface.h"
#include "tests/virtual_gpu/runtime/unkind.h"

namespace convoy::virtual_nccl {
Communicator::Communicator(Meeting meeting, int device, bool blocking)
    : meeting_(std::move(meeting)), device_(device), blocking_(blocking) {
  if (vgpu::is_unkind() && !blocking) looks_left_ = looks("start");
  thread_ = std::thread([this] { run(); });
}

Communicator::~Communicator() { abort(); }

void Communicator::run() {
  if (join(meeting_)) work();
}

bool Communicator::join(const Meeting& meeting) {
  try {
    const Membership membership = meeting(stop_);
    if (membership.file < 0) {
      fail_start(ncclInvalidUsage, "the communicator was aborted before all ranks had come");
      return false;
    }
    rank_ = membership.rank;
    ranks_ = membership.ranks;
    counters_.sent.resize(ranks_);
    counters_.received.resize(ranks_);
    segment_ = std::make_shared<Segment>(membership.file, ranks_);
  } catch (const RendezvousError& error) {
    fail_start(error.code, error.what());
    return false;
  } catch (const std::exception& error) {
    fail_start(ncclSystemError, error.what());
    return false;
  }
  segment_->enter(rank_);
  const std::lock_guard lock(mutex_);
  started_ = true;
  changed_.notify_all();
  return true;
}

void Communicator::fail_start(ncclResult_t code, const std::string& message) {
  if (!stop_) fail(code, text("a communicator did not come about: ", message));
  const std::lock_guard lock(mutex_);
  started_ = true;
  start_result_ = error_ = code;
  message_ = message;
  changed_.notify_all();
}

ncclResult_t Communicator::state() {
  const std::lock_guard lock(mutex_);
  if (error_) return error_;
  if (looks_left_ > 0) {
    if (--looks_left_ == 0) write_now();
    return ncclInProgress;
  }
  return started_ && !(flushing_ && !tasks_.empty()) ? ncclSuccess : ncclInProgress;
}

std::string Communicator::error_message() {
  const std::lock_guard lock(mutex_);
  return message_;
}

ncclResult_t Communicator::wait_until_started() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_; });
  return start_result_;
}

TaskPtr Communicator::issue(std::vector<Request> requests, size_t gate_count) {
  auto task = std::make_shared<Task>();
  task->requests = std::move(requests);
  task->gate_count = gate_count;
  const std::lock_guard lock(mutex_);
  if (error_ || stop_) {
    task->state = Task::State::done;
    task->result = cudaErrorLaunchFailure;
  } else {
    tasks_.push_back(task);
    segment_->ring(rank_);
  }
  return task;
}

void Communicator::add_gate(Task& task, const std::shared_ptr<void>& gate) {
  const std::lock_guard lock(mutex_);
  if (task.state != Task::State::done) task.gates.push_back(gate);
}

int Communicator::poll(Task& task, bool& reached) {
  const std::lock_guard lock(mutex_);
  if (!reached) {
    reached = true;
    ++task.gates_reached;
    if (task.state == Task::State::issued) {
      if (task.gates_reached == task.gate_count) task.state = Task::State::ready;
      segment_->ring(rank_);
    }
  }
  return task.state == Task::State::done ? task.result : kVgpuPending;
}

bool Communicator::begin_operation() {
  const std::lock_guard lock(mutex_);
  ++operations_;
  if (blocking_ || (!first_operation_ && !vgpu::is_unkind())) return false;
  first_operation_ = false;
  looks_left_ = vgpu::is_unkind() ? looks("operation") : 1;
  return looks_left_ > 0;
}

void Communicator::begin_writing(std::function<void()> write) {
  const std::lock_guard lock(mutex_);
  ++operations_;
  write_ = std::move(write);
  looks_left_ = 1 + looks("split");
}

// In the unkind mode: how often to say "in progress" about a call.
uint64_t Communicator::looks(const char* what) {
  return vgpu::chance(text(what, " ", operations_, " of device ", device_), 6);
}

void Communicator::write_now() {
  if (write_) std::exchange(write_, nullptr)();
}

void Communicator::start_flush() {
  const std::lock_guard lock(mutex_);
  flushing_ = true;
  if (segment_) segment_->ring(rank_);
}

ncclResult_t Communicator::flush() {
  start_flush();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_ && (tasks_.empty() || error_); });
  return error_;
}

bool Communicator::flushed() {
  const std::lock_guard lock(mutex_);
  return started_ && (tasks_.empty() || error_);
}

void Communicator::abort() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    write_now();
    if (segment_) segment_->ring(rank_);
  }
  if (thread_.joinable()) thread_.join();
}

void Communicator::abandon() {
  abandoned_ = true;
  abort();
}

TaskPtr Communicator::head() {
  const std::lock_guard lock(mutex_);
  return tasks_.empty() ? nullptr : tasks_.front();
}

void Communicator::finish(Task& task, int result) {
  std::vector<std::shared_ptr<void>> gates;  // let go of outside the lock
  {
    const std::lock_guard lock(mutex_);
    task.state = Task::State::done;
    task.result = result;
    gates.swap(task.gates);
    task.exchanges.clear();
    tasks_.pop_front();
    changed_.notify_all();
  }
  vgpu_wake();
}

void Communicator::drop_tasks(int result) {
  while (const TaskPtr task = head()) finish(*task, result);
}

void Communicator::fail_here(ncclResult_t code, const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    local_error_ = code;
  }
  segment_->fail(rank_, message);
}
}  // namespace convoy::virtual_nccl
