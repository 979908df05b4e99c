// A communicator that counts what its ranks would send on a cluster (comm/simulated/cluster.h), while another does the
// work: threads of one process, or nobody at all (comm/simulated/lone_communicator.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comm/simulated/cluster.h"
#include "core/comm/communicator.h"

namespace convoy::simulated {

class CountingCommunicator final : public Communicator {
 public:
  // All ranks of the cluster. inner outlives this.
  CountingCommunicator(Communicator& inner, const Cluster& cluster);

  // Of this rank so far, those of groups split off too: in collectives on tensors, by their label without numbers
  // ("gradient bucket 3 of 7" is "gradient bucket"), and of host operations under "host".
  std::map<std::string, Traffic> by_label() const;
  // Bytes on tensors by their label as it is.
  const std::map<std::string, size_t>& bytes_by_label() const { return tally_->bytes_of_whole_label; }
  // The least bytes that any algorithm would send for the same (core/comm/bytes_sent.h).
  size_t least_bytes() const { return tally_->least_bytes; }

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  int local_rank() const override { return inner_.local_rank(); }
  int local_size() const override { return inner_.local_size(); }
  void label(int64_t step, std::string_view what) override;

  void all_reduce(Stream& stream, const Tensor& x) override;
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) override;
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) override;
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) override;
  void broadcast(Stream& stream, const Tensor& x, int root) override;

  void barrier_host() override;
  void broadcast_host(void* data, size_t bytes, int root) override;
  void all_gather_host(void* out, const void* in, size_t bytes) override;

  std::unique_ptr<Communicator> split(int color, int key) override;
  std::unique_ptr<Communicator> group_of(std::span<const int> ranks) override;
  std::unique_ptr<Communicator> machine_ranks() override;
  std::unique_ptr<Communicator> background() override;
  std::unique_ptr<RegisteredMemory> register_memory(void* data, size_t bytes) override {
    return inner_.register_memory(data, bytes);
  }
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override;

 private:
  struct Tally {
    std::map<std::string, Traffic> on_tensors;
    std::map<std::string, size_t> bytes_of_whole_label;
    Traffic host;
    size_t least_bytes = 0;
  };

  CountingCommunicator(std::unique_ptr<Communicator> inner, const CountingCommunicator& parent, std::vector<int> ranks);
  void count(Collective what, size_t bytes, size_t least, int root = 0);
  void count_host(Collective what, size_t bytes, int root = 0);

  const std::unique_ptr<Communicator> owned_;  // of a group that was split off
  Communicator& inner_;
  const Cluster cluster_;
  const std::vector<int> ranks_;  // of the cluster, in this group's order
  const std::shared_ptr<Tally> tally_;
  std::string label_;
};

}  // namespace convoy::simulated
