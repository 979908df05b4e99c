#include "comm/blocking_communicator.h"

#include "comm/collective_checks.h"

namespace convoy {

template <class Block>
void BlockingCommunicator::enqueue(Stream& stream, const char* what, size_t bytes, const Block& block) {
  check_host_stream(stream);
  stream.run([this, what, bytes, block, label = log_.label()] {
    const CollectiveScope scope(log_, what, bytes, label);
    block();
  });
}

void BlockingCommunicator::all_reduce(Stream& stream, const Tensor& x) {
  check_all_reduce(x);
  enqueue(stream, "all_reduce", x.bytes(), [this, x] { block_all_reduce(x); });
}

void BlockingCommunicator::all_gather(Stream& stream, const Tensor& out, const Tensor& in) {
  check_all_gather(out, in, size());
  enqueue(stream, "all_gather", out.bytes(), [this, out, in] { block_all_gather(out, in); });
}

void BlockingCommunicator::all_to_all(Stream& stream, const Tensor& out, const Tensor& in) {
  check_all_to_all(out, in, size());
  enqueue(stream, "all_to_all", out.bytes(), [this, out, in] { block_all_to_all(out, in); });
}

void BlockingCommunicator::reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) {
  check_reduce_scatter(out, in, size());
  enqueue(stream, "reduce_scatter", in.bytes(), [this, out, in] { block_reduce_scatter(out, in); });
}

void BlockingCommunicator::broadcast(Stream& stream, const Tensor& x, int root) {
  check_root(root, size());
  enqueue(stream, "broadcast", x.bytes(), [this, x, root] { block_broadcast(x, root); });
}

void BlockingCommunicator::barrier_host() {
  const CollectiveScope scope(log_, "barrier_host", 0, log_.label(), Channel::host);
  block_barrier();
}

void BlockingCommunicator::broadcast_host(void* data, size_t bytes, int root) {
  check_root(root, size());
  const CollectiveScope scope(log_, "broadcast_host", bytes, log_.label(), Channel::host);
  block_broadcast_bytes(data, bytes, root);
}

void BlockingCommunicator::all_gather_host(void* out, const void* in, size_t bytes) {
  const CollectiveScope scope(log_, "all_gather_host", bytes * static_cast<size_t>(size()), log_.label(),
                              Channel::host);
  block_all_gather_bytes(out, in, bytes);
}

std::unique_ptr<Watchdog> BlockingCommunicator::make_watchdog(double timeout_s) {
  if (timeout_s <= 0) return nullptr;
  return std::make_unique<Watchdog>(log_, timeout_s, [this, timeout_s](const CollectiveRecord& stuck) {
    if (hang_watch() != nullptr && hang_watch()->tell(stuck, timeout_s)) abort_told();
    abort(ExitCode::timed_out, timeout_report(log_, stuck, timeout_s));
  });
}

}  // namespace convoy
