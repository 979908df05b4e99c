#include "tests/virtual_gpu/nccl/handle.h"

#include <stdlib.h>

#include <mutex>
#include <set>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/fault.h"
#include "tests/virtual_gpu/nccl/group.h"

namespace convoy::virtual_nccl {
namespace {
std::mutex mutex;
std::set<ncclComm_t>& handles() {
  static auto& set = *new std::set<ncclComm_t>;  // used by the exit handler
  return set;
}

bool is_usable(ncclComm_t handle, const char* call) {
  if (!handle || !handles().count(handle)) {
    fail(ncclInvalidArgument, text(call, ": ", static_cast<const void*>(handle), " is not a communicator"));
    return false;
  }
  if (handle->communicator) return true;
  fail(ncclInvalidArgument, text(call, ": the communicator was ended before, by ", handle->ended_by));
  return false;
}

// A process that exits in order leaves its communicators, so that the others are not told of a death.
void at_exit(int, void*) {
  if (group_depth() > 0) fail(ncclInvalidUsage, "the process exits between ncclGroupStart and ncclGroupEnd");
  std::vector<std::shared_ptr<Communicator>> open;
  {
    const std::lock_guard lock(mutex);
    for (const ncclComm_t handle : handles())
      if (handle->communicator) open.push_back(handle->communicator);
  }
  for (const auto& communicator : open) communicator->abandon();
}
__attribute__((constructor)) void at_start() {
  check_fault_setting();
  on_exit(at_exit, nullptr);
}
}  // namespace

ncclComm_t make_handle(std::shared_ptr<Communicator> communicator) {
  const std::lock_guard lock(mutex);
  auto* handle = new ncclComm;
  handle->communicator = std::move(communicator);
  handles().insert(handle);
  return handle;
}

std::shared_ptr<Communicator> find(ncclComm_t handle, const char* call) {
  const std::lock_guard lock(mutex);
  return is_usable(handle, call) ? handle->communicator : nullptr;
}

std::shared_ptr<Communicator> take(ncclComm_t handle, const char* call) {
  const std::lock_guard lock(mutex);
  if (!is_usable(handle, call)) return nullptr;
  handle->ended_by = call;
  return std::move(handle->communicator);
}
}  // namespace convoy::virtual_nccl
