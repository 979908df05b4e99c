// What a program may ask, and memory.
#include <cuda_runtime_api.h>

#include <map>
#include <mutex>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/handle.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

using namespace convoy::virtual_nccl;

namespace {
// Answers one question about a communicator that has started.
template <class Ask>
ncclResult_t answer(ncclComm_t comm, const char* call, int* value, Ask ask) {
  const auto communicator = find(comm, call);
  if (!communicator) return ncclInvalidArgument;
  if (!value) return fail(ncclInvalidArgument, text(call, ": the result's address is null"));
  if (!communicator->segment()) return fail(ncclInvalidArgument, text(call, ": the communicator has not started yet"));
  *value = ask(*communicator);
  return ncclSuccess;
}

// Registered ranges by their handles.
struct Registry {
  std::mutex mutex;
  std::map<void*, ncclComm_t> owners;
};
Registry& registry() {
  static auto& value = *new Registry;
  return value;
}

ncclResult_t add_range(ncclComm_t comm, void* address, size_t bytes, void** handle, const char* call) {
  if (!find(comm, call)) return ncclInvalidArgument;
  if (!handle || !bytes || !vgpu_host_pointer(address, bytes, call))
    return fail(ncclInvalidArgument, text(call, ": ", address, " of ", bytes, " bytes is not memory of the device"));
  const std::lock_guard lock(registry().mutex);
  *handle = new char;
  registry().owners[*handle] = comm;
  return ncclSuccess;
}

ncclResult_t remove_range(ncclComm_t comm, void* handle, const char* call) {
  if (!find(comm, call)) return ncclInvalidArgument;
  const std::lock_guard lock(registry().mutex);
  const auto it = registry().owners.find(handle);
  if (it == registry().owners.end() || it->second != comm)
    return fail(ncclInvalidArgument, text(call, ": the handle is not of a range registered with this communicator"));
  delete static_cast<char*>(handle);
  registry().owners.erase(it);
  return ncclSuccess;
}
}  // namespace

extern "C" {
ncclResult_t ncclGetVersion(int* version) {
  if (!version) return fail(ncclInvalidArgument, text(__func__, ": the result's address is null"));
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

const char* ncclGetLastError(ncclComm_t) { return last_error(); }

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error";
    case ncclSystemError:
      return "unhandled system error";
    case ncclInternalError:
      return "internal error";
    case ncclInvalidArgument:
      return "invalid argument";
    case ncclInvalidUsage:
      return "invalid usage";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclInProgress:
      return "NCCL operation in progress";
    default:
      return "unknown result code";
  }
}

ncclResult_t ncclCommCount(const ncclComm_t comm, int* count) {
  return answer(comm, __func__, count, [](const Communicator& c) { return c.ranks(); });
}
ncclResult_t ncclCommCuDevice(const ncclComm_t comm, int* device) {
  return answer(comm, __func__, device, [](const Communicator& c) { return c.device(); });
}
ncclResult_t ncclCommUserRank(const ncclComm_t comm, int* rank) {
  return answer(comm, __func__, rank, [](const Communicator& c) { return c.rank(); });
}

ncclResult_t ncclMemAlloc(void** address, size_t bytes) {
  return cudaMalloc(address, bytes) ? fail(ncclUnhandledCudaError, text(__func__, " of ", bytes, " bytes failed"))
                                    : ncclSuccess;
}
ncclResult_t ncclMemFree(void* address) {
  return cudaFree(address) ? fail(ncclUnhandledCudaError, text(__func__, " of ", address, " failed")) : ncclSuccess;
}

ncclResult_t ncclCommRegister(const ncclComm_t comm, void* buff, size_t size, void** handle) {
  return add_range(comm, buff, size, handle, __func__);
}
ncclResult_t ncclCommDeregister(const ncclComm_t comm, void* handle) { return remove_range(comm, handle, __func__); }

ncclResult_t ncclCommWindowRegister(ncclComm_t comm, void* buff, size_t size, ncclWindow_t* window, int flags) {
  if (flags != NCCL_WIN_DEFAULT && flags != NCCL_WIN_COLL_SYMMETRIC)
    return fail(ncclInvalidArgument, text(__func__, ": unknown flags ", flags));
  if (reinterpret_cast<uintptr_t>(buff) % NCCL_WIN_REQUIRED_ALIGNMENT)
    return fail(ncclInvalidArgument, text(__func__, ": ", buff, " is not aligned to ", NCCL_WIN_REQUIRED_ALIGNMENT));
  return add_range(comm, buff, size, reinterpret_cast<void**>(window), __func__);
}
ncclResult_t ncclCommWindowDeregister(ncclComm_t comm, ncclWindow_t window) {
  return remove_range(comm, window, __func__);
}
}
