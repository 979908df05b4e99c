#include "comm/local/local_communicator.h"

#include <cstring>

#include "comm/collective_checks.h"
#include "comm/failure_report.h"

namespace convoy {
namespace {

class LocalCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return 0; }
  int local_size() const override { return 1; }
  void label(int64_t, std::string_view) override {}

  void all_reduce(Stream&, const Tensor& x) override { check_all_reduce(x); }
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_gather(out, in, 1);
    if (out.data != in.data) stream.copy(out.data, in.data, in.bytes());
  }
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_all_to_all(out, in, 1);
    stream.copy(out.data, in.data, in.bytes());
  }
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) override {
    check_reduce_scatter(out, in, 1);
    stream.copy(out.data, in.data, in.bytes());
  }
  void broadcast(Stream&, const Tensor&, int root) override { check_root(root, 1); }

  void barrier_host() override {}
  void broadcast_host(void*, size_t, int root) override { check_root(root, 1); }
  void all_gather_host(void* out, const void* in, size_t bytes) override {
    if (bytes > 0) std::memmove(out, in, bytes);
  }

  std::unique_ptr<Communicator> split(int, int) override { return make_local_communicator(); }
  std::unique_ptr<Communicator> machine_ranks() override { return make_local_communicator(); }

  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    report_failure(0, reason);
    exit_now(code);
  }
};

}  // namespace

std::unique_ptr<Communicator> make_local_communicator() { return std::make_unique<LocalCommunicator>(); }

}  // namespace convoy
