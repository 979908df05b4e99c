#include "comm/mpi/mpi_communicator.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "comm/blocking_communicator.h"
#include "comm/mpi/await_ranks.h"
#include "comm/mpi/mpi_check.h"
#include "comm/mpi/mpi_collectives.h"
#include "comm/mpi/mpi_environment.h"

namespace convoy::mpi {
namespace {

class MpiCommunicator final : public BlockingCommunicator {
 public:
  // Collective over the group.
  // published: for the other ranks to see what it does when the job hangs.
  MpiCommunicator(std::shared_ptr<MpiEnvironment> environment, MpiGroup group, std::string name, double timeout_s,
                  bool published = true)
      : environment_(std::move(environment)),
        name_(std::move(name)),
        timeout_s_(timeout_s),
        published_(published),
        host_(std::move(group)),
        collectives_(MpiGroup::duplicate(host_.comm())),
        rank_(host_.rank()),
        size_(host_.size()) {
    const MpiGroup machine = MpiGroup::split_by_machine(host_.comm());
    local_rank_ = machine.rank();
    local_size_ = machine.size();
    if (published) publish_log();
    watchdog_ = make_watchdog(timeout_s);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }

  std::unique_ptr<Communicator> split(int color, int key) override {
    std::string name = fmt::format("{}/{}.{}", name_, ++splits_, color);
    return std::make_unique<MpiCommunicator>(environment_, MpiGroup::split(host_.comm(), color, key), std::move(name),
                                             timeout_s_, published_);
  }
  std::unique_ptr<Communicator> background() override {
    return std::make_unique<MpiCommunicator>(environment_, MpiGroup::duplicate(host_.comm()), name_ + " for files", 0,
                                             false);
  }

  std::unique_ptr<Communicator> machine_ranks() override {
    MpiGroup machine = MpiGroup::split_by_machine(host_.comm());
    int first = rank_;
    MPI_CHECK(MPI_Bcast(&first, 1, MPI_INT, 0, machine.comm()));
    std::string name = fmt::format("{}/{}, machine of rank {}", name_, ++splits_, first);
    return std::make_unique<MpiCommunicator>(environment_, std::move(machine), std::move(name), timeout_s_, published_);
  }

  hang::HangWatch* hang_watch() override { return published_ ? &environment_->hang_watch() : nullptr; }
  std::string group_name() const override { return name_; }
  [[noreturn]] void abort_told() noexcept override { environment_->abort_told(ExitCode::timed_out); }

  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    environment_->abort(code, reason);
  }
  [[noreturn]] void abort_after(ExitCode code, std::string_view reason,
                                const std::function<void()>& farewell) noexcept override {
    environment_->abort(code, reason, farewell);
  }

 private:
  // The group, once all its ranks are here.
  static MPI_Comm gathered(const MpiGroup& group) {
    await_ranks(group.comm());
    return group.comm();
  }

  void block_all_reduce(const Tensor& x) override {
    mpi::all_reduce(gathered(collectives_), x.data, x.elements(), x.dtype);
  }
  void block_all_gather(const Tensor& out, const Tensor& in) override {
    mpi::all_gather(gathered(collectives_), out.data, in.data, in.elements(), size_of(in.dtype));
  }
  void block_all_to_all(const Tensor& out, const Tensor& in) override {
    mpi::all_to_all(gathered(collectives_), out.data, in.data, in.elements() / size_, size_of(in.dtype));
  }
  void block_reduce_scatter(const Tensor& out, const Tensor& in) override {
    mpi::reduce_scatter(gathered(collectives_), out.as<float>(), in.as<float>(), out.elements());
  }
  void block_broadcast(const Tensor& x, int root) override {
    mpi::broadcast(gathered(collectives_), x.data, x.elements(), size_of(x.dtype), root);
  }
  void block_barrier() override { await_ranks(host_.comm()); }
  void block_broadcast_bytes(void* data, size_t bytes, int root) override {
    mpi::broadcast(gathered(host_), data, static_cast<int64_t>(bytes), 1, root);
  }
  void block_all_gather_bytes(void* out, const void* in, size_t bytes) override {
    mpi::all_gather(gathered(host_), out, in, static_cast<int64_t>(bytes), 1);
  }

  const std::shared_ptr<MpiEnvironment> environment_;
  const std::string name_;  // the same on all ranks of the group
  const double timeout_s_;
  const bool published_;
  // Two groups, since the communication stream's thread and the caller may communicate at the same time.
  const MpiGroup host_, collectives_;
  const int rank_, size_;
  int local_rank_ = 0, local_size_ = 1;
  int splits_ = 0;  // so far
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(double timeout_s) {
  auto environment = std::make_shared<MpiEnvironment>(timeout_s);
  MpiGroup world = MpiGroup::duplicate(MPI_COMM_WORLD);
  return std::make_unique<MpiCommunicator>(std::move(environment), std::move(world), "all ranks", timeout_s);
}

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_CHECK(MPI_Get_library_version(text.data(), &length));
  const std::string all(text.data(), static_cast<size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace convoy::mpi
