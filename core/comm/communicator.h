// A group of ranks and what they do together. comm/mpi, comm/local and comm/nccl implement it.
//
// Two kinds of operations:
// - Collectives on tensors are enqueued on a Stream, in the same order on every rank; buffers must stay valid until the
//   stream has passed. On the CPU the stream is the communication stream, whose thread blocks in MPI.
// - Host operations (names end in _host) block the caller and serve small control data: config, addresses, decisions.
// A failing collective throws where the stream is synchronized or waited for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/device/stream.h"
#include "core/tensor/tensor.h"

namespace convoy {

// Stays registered with a communicator for as long as this lives, which is shorter than memory and communicator do.
class RegisteredMemory {
 public:
  virtual ~RegisteredMemory() = default;
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Rank and number of ranks on this machine.
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;

  // What the log of collectives and the watchdog call the collectives enqueued from now on: step and layer or bucket.
  virtual void label(int64_t step, std::string_view what) = 0;

  // x = sum over ranks, in place. f32 or i64. Order of the sum is the implementation's: see TreeSum where bits matter.
  virtual void all_reduce(Stream& stream, const Tensor& x) = 0;
  // out (size * n) = every rank's in (n), in rank order; in may be this rank's part of out. Any dtype, as the next two.
  virtual void all_gather(Stream& stream, const Tensor& out, const Tensor& in) = 0;
  // Part r of in goes to rank r; part r of out comes from rank r. in, out (size * n), not overlapping.
  virtual void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) = 0;
  // out (n) = this rank's part of the sum over ranks of in (size * n). f32.
  virtual void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) = 0;
  virtual void broadcast(Stream& stream, const Tensor& x, int root) = 0;

  // Says that many collectives will use this memory, so that it may be mapped for the other ranks ahead of use. Null
  // where that gains nothing.
  virtual std::unique_ptr<RegisteredMemory> register_memory(void* /*data*/, size_t /*bytes*/) { return nullptr; }

  virtual void barrier_host() = 0;
  virtual void broadcast_host(void* data, size_t bytes, int root) = 0;
  // out: size() pieces of `bytes`, in rank order.
  virtual void all_gather_host(void* out, const void* in, size_t bytes) = 0;

  // The ranks that name the same color, ordered by key. Collective, blocks.
  virtual std::unique_ptr<Communicator> split(int color, int key) = 0;
  // The same of ranks that are known: those of the group that this rank will be in, in the group's order.
  virtual std::unique_ptr<Communicator> group_of(std::span<const int> ranks);
  // The ranks of this machine, in this group's order, for host operations. Collective, blocks.
  virtual std::unique_ptr<Communicator> machine_ranks() = 0;

  // The same ranks for work that goes on beside training, such as writing files: its operations take as long as they
  // take, and a hang of training is not told by them. Collective.
  virtual std::unique_ptr<Communicator> background();

  // Ends the job on every rank with this exit code; the reason is printed once. May be called from any thread.
  [[noreturn]] virtual void abort(ExitCode code, std::string_view reason) noexcept = 0;

  // The root's text on every rank.
  std::string broadcast_text(std::string text, int root);
};

}  // namespace convoy
