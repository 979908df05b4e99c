// A Communicator made of collectives that block and work on host memory: MPI, or threads of one process.
//
// Collectives run inside the stream (Stream::run), that is, in the communication stream's thread on the CPU; host
// operations run in the caller. The two kinds may run at the same time, so an implementation keeps two channels. At any
// time at most one stream may have collectives of one communicator, and one thread may be in its host operations.
//
// Checks arguments, refuses CUDA streams, logs every operation, and gives implementations the watchdog over that log.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "comm/collective_log.h"
#include "comm/failure_report.h"
#include "comm/hang/hang_watch.h"
#include "comm/watchdog.h"
#include "core/comm/communicator.h"

namespace convoy {

class BlockingCommunicator : public Communicator {
 public:
  void label(int64_t step, std::string_view what) final { log_.set_label(step, what); }

  void all_reduce(Stream& stream, const Tensor& x) final;
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) final;
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) final;
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) final;
  void broadcast(Stream& stream, const Tensor& x, int root) final;

  void barrier_host() final;
  void broadcast_host(void* data, size_t bytes, int root) final;
  void all_gather_host(void* out, const void* in, size_t bytes) final;

  const CollectiveLog& log() const { return log_; }

  // What compares the ranks when a collective hangs; null if nothing does. The name of this group there.
  virtual hang::HangWatch* hang_watch() { return nullptr; }
  virtual std::string group_name() const { return "all ranks"; }
  // Ends the job with ExitCode::timed_out, after this rank and all that live have said what there is to say.
  [[noreturn]] virtual void abort_told() noexcept { exit_now(ExitCode::timed_out); }
  // As abort(), with something left to do once the reason is told and no other rank can tell its own first.
  [[noreturn]] virtual void abort_after(ExitCode code, std::string_view reason,
                                        const std::function<void()>& farewell) noexcept {
    farewell();
    abort(code, reason);
    exit_now(code);  // never reached: g++ overlooks [[noreturn]] of a virtual function
  }

 protected:
  // To be called by the constructor of what has a hang_watch().
  void publish_log() { log_.publish(hang_watch()->publisher(), group_name(), rank(), size()); }

  // The collectives themselves: arguments are checked, the call returns when this rank's buffers may be reused.
  virtual void block_all_reduce(const Tensor& x) = 0;
  virtual void block_all_gather(const Tensor& out, const Tensor& in) = 0;
  virtual void block_all_to_all(const Tensor& out, const Tensor& in) = 0;
  virtual void block_reduce_scatter(const Tensor& out, const Tensor& in) = 0;
  virtual void block_broadcast(const Tensor& x, int root) = 0;
  virtual void block_barrier() = 0;
  virtual void block_broadcast_bytes(void* data, size_t bytes, int root) = 0;
  virtual void block_all_gather_bytes(void* out, const void* in, size_t bytes) = 0;

  // Aborts the job with ExitCode::timed_out when an operation takes longer; 0: null, no watchdog. An implementation
  // keeps it as its last member, so that it goes first.
  std::unique_ptr<Watchdog> make_watchdog(double timeout_s);

 private:
  template <class Block>
  void enqueue(Stream& stream, const char* what, size_t bytes, const Block& block);

  CollectiveLog log_;
};

}  // namespace convoy
