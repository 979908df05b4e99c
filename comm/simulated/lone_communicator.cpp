#include "comm/simulated/lone_communicator.h"

#include <algorithm>
#include <cstring>

#include "comm/collective_checks.h"
#include "comm/failure_report.h"

namespace convoy::simulated {
namespace {

class LoneCommunicator final : public Communicator {
 public:
  LoneCommunicator(int rank, int ranks, int node_ranks) : rank_(rank), size_(ranks), node_ranks_(node_ranks) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return rank_ % node_ranks_; }
  int local_size() const override { return node_ranks_; }
  void label(int64_t, std::string_view) override {}

  void all_reduce(Stream&, const Tensor& x) override { check_all_reduce(x); }
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_gather(out, in, size_);
    const int64_t n = in.elements();
    for (int r = 0; r < size_; ++r)
      if (out.range(r * n, n).data != in.data) stream.copy(out.range(r * n, n).data, in.data, in.bytes());
  }
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_to_all(out, in, size_);
    stream.copy(out.data, in.data, in.bytes());
  }
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_reduce_scatter(out, in, size_);
    stream.copy(out.data, in.range(rank_ * out.elements(), out.elements()).data, out.bytes());
  }
  void broadcast(Stream&, const Tensor&, int root) override { check_root(root, size_); }

  void barrier_host() override {}
  void broadcast_host(void*, size_t, int root) override { check_root(root, size_); }
  void all_gather_host(void* out, const void* in, size_t bytes) override {
    for (int r = 0; r < size_; ++r)
      if (bytes > 0) std::memmove(static_cast<std::byte*>(out) + static_cast<size_t>(r) * bytes, in, bytes);
  }

  std::unique_ptr<Communicator> split(int, int) override {
    throw InternalError("a lone rank does not know who else a split would take");
  }
  std::unique_ptr<Communicator> group_of(std::span<const int> ranks) override {
    const auto me = std::find(ranks.begin(), ranks.end(), rank_);
    if (me == ranks.end()) throw InternalError("a rank makes a group that it is not in");
    const auto size = static_cast<int>(ranks.size());
    return make_lone_communicator(static_cast<int>(me - ranks.begin()), size, std::min(size, node_ranks_));
  }

  std::unique_ptr<Communicator> machine_ranks() override {
    return make_lone_communicator(local_rank(), node_ranks_, node_ranks_);
  }
  std::unique_ptr<Communicator> background() override { return make_lone_communicator(rank_, size_, node_ranks_); }

  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    report_failure(rank_, reason);
    exit_now(code);
  }

 private:
  const int rank_, size_, node_ranks_;
};

}  // namespace

std::unique_ptr<Communicator> make_lone_communicator(int rank, int ranks, int node_ranks) {
  return std::make_unique<LoneCommunicator>(rank, ranks, node_ranks);
}

}  // namespace convoy::simulated
