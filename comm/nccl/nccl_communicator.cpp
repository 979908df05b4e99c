#include "comm/nccl/nccl_communicator.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "comm/blocking_communicator.h"
#include "comm/collective_checks.h"
#include "comm/collective_log.h"
#include "comm/failure_report.h"
#include "comm/nccl/connect_ranks.h"
#include "comm/nccl/nccl_check.h"
#include "comm/nccl/nccl_collectives.h"
#include "comm/nccl/stream_progress.h"
#include "comm/watchdog.h"

namespace convoy::nccl {
namespace {

class NcclMemory final : public RegisteredMemory {
 public:
  NcclMemory(NcclGroup& group, void* data, size_t bytes) : group_(group), handle_(group.register_memory(data, bytes)) {}
  ~NcclMemory() override { group_.deregister_memory(handle_); }

 private:
  NcclGroup& group_;
  void* const handle_;
};

class NcclCommunicator final : public Communicator {
 public:
  // owned: host, where nobody else keeps it.
  NcclCommunicator(Communicator& host, std::unique_ptr<Communicator> owned, std::unique_ptr<NcclGroup> group,
                   const NcclOptions& options)
      : owned_host_(std::move(owned)),
        host_(host),
        blocking_host_(dynamic_cast<BlockingCommunicator*>(&host)),
        options_(options),
        group_(std::move(group)),
        progress_(log_, options.cuda_ordinal),
        watchdog_(
            log_, options.timeout_s, [this](const CollectiveRecord& stuck) { end_hang(stuck); }, [this] { look(); }) {
    if (hang_watch() != nullptr)
      log_.publish(hang_watch()->publisher(), blocking_host_->group_name() + ", NCCL", host.rank(), host.size());
  }

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  int local_rank() const override { return host_.local_rank(); }
  int local_size() const override { return host_.local_size(); }
  void label(int64_t step, std::string_view what) override {
    log_.set_label(step, what);
    host_.label(step, what);
  }

  void all_reduce(Stream& stream, const Tensor& x) override {
    check_all_reduce(x);
    enqueue(stream, "all_reduce", x.bytes(), [&](auto comm, auto on) { nccl::all_reduce(comm, on, x); });
  }
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_gather(out, in, size());
    enqueue(stream, "all_gather", out.bytes(), [&](auto comm, auto on) { nccl::all_gather(comm, on, out, in); });
  }
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_to_all(out, in, size());
    enqueue(stream, "all_to_all", out.bytes(),
            [&](auto comm, auto on) { nccl::all_to_all(comm, on, out, in, size()); });
  }
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_reduce_scatter(out, in, size());
    enqueue(stream, "reduce_scatter", in.bytes(), [&](auto comm, auto on) { nccl::reduce_scatter(comm, on, out, in); });
  }
  void broadcast(Stream& stream, const Tensor& x, int root) override {
    check_root(root, size());
    enqueue(stream, "broadcast", x.bytes(), [&](auto comm, auto on) { nccl::broadcast(comm, on, x, root); });
  }

  void barrier_host() override {
    stay_if_ending();
    host_.barrier_host();
  }
  void broadcast_host(void* data, size_t bytes, int root) override {
    stay_if_ending();
    host_.broadcast_host(data, bytes, root);
  }
  void all_gather_host(void* out, const void* in, size_t bytes) override {
    stay_if_ending();
    host_.all_gather_host(out, in, bytes);
  }

  std::unique_ptr<Communicator> split(int color, int key) override;
  std::unique_ptr<Communicator> machine_ranks() override {
    stay_if_ending();
    return host_.machine_ranks();
  }
  std::unique_ptr<Communicator> background() override { return host_.background(); }
  std::unique_ptr<RegisteredMemory> register_memory(void* data, size_t bytes) override {
    stay_if_ending();
    return std::make_unique<NcclMemory>(*group_, data, bytes);
  }
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override;

 private:
  using Enqueue = std::function<void(ncclComm_t, cudaStream_t)>;

  void enqueue(Stream& stream, const char* what, size_t bytes, const Enqueue& calls);
  hang::HangWatch* hang_watch() { return blocking_host_ == nullptr ? nullptr : blocking_host_->hang_watch(); }
  void look();
  std::string failure_report(ncclResult_t state);
  [[noreturn]] void end_hang(const CollectiveRecord& stuck);
  [[noreturn]] void end_job(ExitCode code, const std::string& reason);
  void stay_if_ending() const;

  const std::unique_ptr<Communicator> owned_host_;
  Communicator& host_;
  BlockingCommunicator* const blocking_host_;  // host_, where it is one: then it may have a hang_watch()
  const NcclOptions options_;
  CollectiveLog log_;
  const std::unique_ptr<NcclGroup> group_;
  StreamProgress progress_;
  std::atomic<bool> ending_ = false;
  Watchdog watchdog_;
};

void NcclCommunicator::enqueue(Stream& stream, const char* what, size_t bytes, const Enqueue& calls) {
  stay_if_ending();
  const auto on = static_cast<cudaStream_t>(stream.native_handle());
  if (on == nullptr)
    throw InternalError(fmt::format("{} on a stream of the CPU: NCCL moves memory of CUDA devices only", what));
  if (bytes == 0) return;
  progress_.begin(on, what, bytes);
  if (!group_->launch([&](ncclComm_t comm) { calls(comm, on); }, Deadline(options_.timeout_s)))
    throw TimeoutError(fmt::format(
        "{} could not begin within parallel.timeout_s = {}: NCCL still connects the ranks for it. Last collective that "
        "finished here: {}. NCCL_DEBUG=INFO tells more",
        describe({.what = what, .bytes = bytes, .label = log_.label()}), options_.timeout_s, last_finished(log_)));
  progress_.end(on);
}

std::unique_ptr<Communicator> NcclCommunicator::split(int color, int key) {
  stay_if_ending();
  while (!progress_.idle()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::unique_ptr<Communicator> host = host_.split(color, key);
  Communicator& part = *host;
  auto group = connect_part(*group_, color, part, options_);
  return std::make_unique<NcclCommunicator>(part, std::move(host), std::move(group), options_);
}

// In the watchdog's thread: what is wrong here is nobody's to catch.
void NcclCommunicator::look() try {
  if (const auto state = group_->failure()) end_job(ExitCode::timed_out, failure_report(*state));
  progress_.poll();
} catch (const std::exception& error) {
  end_job(ExitCode::internal, error.what());
}

std::string NcclCommunicator::failure_report(ncclResult_t state) {
  const auto unfinished = progress_.oldest_unfinished();
  return fmt::format("NCCL failed: {}. Oldest collective that has not finished here: {}. Last one that has: {}",
                     explain(state), unfinished ? describe(*unfinished) : "none", last_finished(log_));
}

// All is told before NCCL is aborted: the streams then go on and leave their collectives.
void NcclCommunicator::end_hang(const CollectiveRecord& stuck) {
  if (hang_watch() == nullptr || !hang_watch()->tell(stuck, options_.timeout_s))
    end_job(ExitCode::timed_out, timeout_report(log_, stuck, options_.timeout_s));
  ending_ = true;
  group_->abort();
  blocking_host_->abort_told();
  exit_now(ExitCode::timed_out);  // never reached, as below
}

// First no host operation may begin any more: aborted collectives let their streams go on with what they have. The
// reason is told before NCCL is aborted, for other ranks see that as a failure of NCCL and would tell it first.
void NcclCommunicator::end_job(ExitCode code, const std::string& reason) {
  ending_ = true;
  if (blocking_host_ != nullptr) blocking_host_->abort_after(code, reason, [this] { group_->abort(); });
  group_->abort();
  host_.abort(code, reason);
  exit_now(code);  // never reached: g++ overlooks [[noreturn]] of a virtual function
}

void NcclCommunicator::stay_if_ending() const {
  while (ending_) std::this_thread::sleep_for(std::chrono::hours(1));
}

// Where NCCL has failed, that is what made the rest go wrong.
void NcclCommunicator::abort(ExitCode code, std::string_view reason) noexcept {
  if (const auto state = group_->failure())
    host_.abort(ExitCode::timed_out, fmt::format("{}. {}", failure_report(*state), reason));
  host_.abort(code, reason);
  exit_now(code);
}

}  // namespace

std::unique_ptr<Communicator> make_nccl_communicator(Communicator& host, const NcclOptions& options) {
  auto group = connect_ranks(host, options);
  return std::make_unique<NcclCommunicator>(host, nullptr, std::move(group), options);
}

std::string nccl_library_version() {
  int version = 0;
  NCCL_CHECK(ncclGetVersion(&version));
  return fmt::format("NCCL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

}  // namespace convoy::nccl
