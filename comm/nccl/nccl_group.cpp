#include "comm/nccl/nccl_group.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <thread>

#include "comm/nccl/nccl_check.h"
#include "core/base/error.h"
#include "core/base/logging.h"

namespace convoy::nccl {
namespace {

using std::chrono::duration;
using std::chrono::microseconds;

constexpr microseconds kEager(200), kFirstPause(10), kLongestPause(1000);

ncclConfig_t non_blocking() {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  return config;
}

// Looked up where it is called: the oldest NCCL that we build with does not declare it.
using ScalableInit = ncclResult_t (*)(ncclComm_t*, int ranks, int rank, int roots, ncclUniqueId*, ncclConfig_t*);
ScalableInit scalable_init() {
  static const auto found = reinterpret_cast<ScalableInit>(::dlsym(RTLD_DEFAULT, "ncclCommInitRankScalable"));
  return found;
}

// Between looks: eager for a moment, since NCCL begins most collectives within microseconds, then ever rarer.
class Pause {
 public:
  void operator()() {
    if (std::chrono::steady_clock::now() < eager_until_) return std::this_thread::yield();
    std::this_thread::sleep_for(length_);
    length_ = std::min(length_ * 2, kLongestPause);
  }

 private:
  std::chrono::steady_clock::time_point eager_until_ = std::chrono::steady_clock::now() + kEager;
  microseconds length_ = kFirstPause;
};

}  // namespace

bool can_have_many_roots() { return scalable_init() != nullptr; }

NcclGroup::NcclGroup(std::vector<ncclUniqueId> ids, const Place& place)
    : place_(place), exceptions_before_(std::uncaught_exceptions()) {
  ncclConfig_t config = non_blocking();
  CUDA_CHECK(cudaSetDevice(place.device));
  if (ids.size() == 1)
    NCCL_CHECK(ncclCommInitRankConfig(comm_.get(), place.size, ids[0], place.rank, &config));
  else
    NCCL_CHECK(scalable_init()(comm_.get(), place.size, place.rank, static_cast<int>(ids.size()), ids.data(), &config));
}

NcclGroup::NcclGroup(NcclGroup& whole, int color, const Place& place)
    : place_(place), exceptions_before_(std::uncaught_exceptions()) {
  ncclConfig_t config = non_blocking();
  CUDA_CHECK(cudaSetDevice(place.device));
  const auto lock = whole.lock_living();
  NCCL_CHECK(ncclCommSplit(*whole.comm_, color, place.rank, comm_.get(), &config));
}

NcclGroup::~NcclGroup() {
  if (!aborted_ && settled_ && std::uncaught_exceptions() <= exceptions_before_)
    finalize();
  else
    abort();
  if (!settled_) static_cast<void>(comm_.release());
}

void NcclGroup::finalize() {
  CUDA_WARN(cudaSetDevice(place_.device));
  const ncclResult_t begun = ncclCommFinalize(*comm_);
  const ncclResult_t state = failed(begun) ? begun : settle(Deadline(kFarewell_s));
  if (state == ncclSuccess) {
    NCCL_WARN(ncclCommDestroy(*comm_));
    return;
  }
  logging::warn("NCCL could not be left in good order: {}", explain(state));
  abort();
}

std::unique_lock<std::timed_mutex> NcclGroup::lock_living() {
  std::unique_lock lock(mutex_);
  while (aborted_) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::hours(1));
    lock.lock();
  }
  return lock;
}

ncclResult_t NcclGroup::settle(const Deadline& deadline) {
  for (Pause pause;; pause()) {
    ncclResult_t state = ncclSuccess;
    {
      const auto lock = lock_living();
      NCCL_CHECK(ncclCommGetAsyncError(*comm_, &state));
    }
    if (state == ncclSuccess) settled_ = true;
    if (state != ncclInProgress || deadline.passed()) return state;
  }
}

bool NcclGroup::launch(const std::function<void(ncclComm_t)>& enqueue, const Deadline& deadline) {
  ncclResult_t launched = ncclSuccess;
  {
    const auto lock = lock_living();
    NCCL_CHECK(ncclGroupStart());
    std::exception_ptr refused;
    try {
      enqueue(*comm_);
    } catch (...) {
      refused = std::current_exception();
    }
    launched = ncclGroupEnd();
    if (refused) std::rethrow_exception(refused);
  }
  check(launched, "ncclGroupEnd()");
  const ncclResult_t state = launched == ncclSuccess ? launched : settle(deadline);
  check(state, "ncclGroupEnd()");
  return state == ncclSuccess;
}

std::optional<ncclResult_t> NcclGroup::failure() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || !is_alive()) return std::nullopt;
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = ncclCommGetAsyncError(*comm_, &state);
  if (failed(asked)) return asked;
  return failed(state) ? std::optional(state) : std::nullopt;
}

// In a thread of its own, since NCCL's threads may be what does not come back.
void NcclGroup::abort() noexcept try {
  const std::unique_lock lock(mutex_, duration<double>(kAbort_s));
  if (!lock || !is_alive()) return;
  const auto done = std::make_shared<std::promise<void>>();
  std::thread([done, comm = *comm_, device = place_.device] {
    CUDA_WARN(cudaSetDevice(device));
    NCCL_WARN(ncclCommAbort(comm));
    done->set_value();
  }).detach();
  aborted_ = true;
  done->get_future().wait_for(duration<double>(kAbort_s));
} catch (const std::exception& error) {
  logging::warn("NCCL was not aborted: {}", error.what());
}

void* NcclGroup::register_memory(void* data, size_t bytes) {
  void* handle = nullptr;
  const auto lock = lock_living();
  NCCL_CHECK(ncclCommRegister(*comm_, data, bytes, &handle));
  return handle;
}

void NcclGroup::deregister_memory(void* handle) noexcept {
  const std::lock_guard lock(mutex_);
  if (is_alive() && handle != nullptr) NCCL_WARN(ncclCommDeregister(*comm_, handle));
}

}  // namespace convoy::nccl
