#include "comm/simulated/counting_communicator.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "core/comm/bytes_sent.h"

namespace convoy::simulated {
namespace {

std::vector<int> all_ranks(int count) {
  std::vector<int> ranks(static_cast<size_t>(count));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

// "gradient bucket 3 of 7" is one of many alike.
std::string without_numbers(const std::string& label) { return label.substr(0, label.find_first_of("0123456789")); }

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

CountingCommunicator::CountingCommunicator(Communicator& inner, const Cluster& cluster)
    : inner_(inner), cluster_(cluster), ranks_(all_ranks(inner.size())), tally_(std::make_shared<Tally>()) {}

CountingCommunicator::CountingCommunicator(std::unique_ptr<Communicator> inner, const CountingCommunicator& parent,
                                           std::vector<int> ranks)
    : owned_(std::move(inner)),
      inner_(*owned_),
      cluster_(parent.cluster_),
      ranks_(std::move(ranks)),
      tally_(parent.tally_),
      label_(parent.label_) {}

std::map<std::string, Traffic> CountingCommunicator::by_label() const {
  std::map<std::string, Traffic> all;
  for (const auto& [label, traffic] : tally_->on_tensors) all[trimmed(without_numbers(label))] += traffic;
  all["host"] = tally_->host;
  return all;
}

void CountingCommunicator::label(int64_t step, std::string_view what) {
  label_ = what;
  inner_.label(step, what);
}

void CountingCommunicator::count(Collective what, size_t bytes, size_t least, int root) {
  tally_->on_tensors[label_] += traffic_of(cluster_, what, ranks_, rank(), bytes, root);
  tally_->bytes_of_whole_label[label_] += bytes;
  tally_->least_bytes += least;
}

void CountingCommunicator::count_host(Collective what, size_t bytes, int root) {
  tally_->host += traffic_of(cluster_, what, ranks_, rank(), bytes, root);
}

void CountingCommunicator::all_reduce(Stream& stream, const Tensor& x) {
  count(Collective::all_reduce, x.bytes(), sent_by_all_reduce(x.bytes(), size()));
  inner_.all_reduce(stream, x);
}
void CountingCommunicator::all_gather(Stream& stream, const Tensor& out, const Tensor& in) {
  count(Collective::all_gather, out.bytes(), sent_by_all_gather(out.bytes(), size()));
  inner_.all_gather(stream, out, in);
}
void CountingCommunicator::all_to_all(Stream& stream, const Tensor& out, const Tensor& in) {
  count(Collective::all_to_all, out.bytes(), sent_by_all_to_all(out.bytes(), size()));
  inner_.all_to_all(stream, out, in);
}
void CountingCommunicator::reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) {
  count(Collective::reduce_scatter, in.bytes(), sent_by_all_to_all(in.bytes(), size()));
  inner_.reduce_scatter(stream, out, in);
}
void CountingCommunicator::broadcast(Stream& stream, const Tensor& x, int root) {
  count(Collective::broadcast, x.bytes(), rank() == root ? x.bytes() : 0, root);
  inner_.broadcast(stream, x, root);
}

void CountingCommunicator::barrier_host() {
  count_host(Collective::all_reduce, 0);
  inner_.barrier_host();
}
void CountingCommunicator::broadcast_host(void* data, size_t bytes, int root) {
  count_host(Collective::broadcast, bytes, root);
  inner_.broadcast_host(data, bytes, root);
}
void CountingCommunicator::all_gather_host(void* out, const void* in, size_t bytes) {
  count_host(Collective::all_gather, bytes * ranks_.size());
  inner_.all_gather_host(out, in, bytes);
}

std::unique_ptr<Communicator> CountingCommunicator::split(int color, int key) {
  std::unique_ptr<Communicator> part = inner_.split(color, key);
  std::vector<int> members(static_cast<size_t>(part->size()));
  const int mine = ranks_[static_cast<size_t>(rank())];
  part->all_gather_host(members.data(), &mine, sizeof mine);
  return std::unique_ptr<Communicator>(new CountingCommunicator(std::move(part), *this, std::move(members)));
}

std::unique_ptr<Communicator> CountingCommunicator::group_of(std::span<const int> ranks) {
  std::vector<int> members;
  for (const int rank : ranks) members.push_back(ranks_[static_cast<size_t>(rank)]);
  return std::unique_ptr<Communicator>(new CountingCommunicator(inner_.group_of(ranks), *this, std::move(members)));
}

std::unique_ptr<Communicator> CountingCommunicator::machine_ranks() {
  std::vector<int> neighbours;
  for (int r = 0; r < size(); ++r)
    if (cluster_.share_node(ranks_[static_cast<size_t>(r)], ranks_[static_cast<size_t>(rank())]))
      neighbours.push_back(r);
  return group_of(neighbours);
}

// What goes on beside training is not counted: it would come at any moment, from another thread.
std::unique_ptr<Communicator> CountingCommunicator::background() { return inner_.background(); }

void CountingCommunicator::abort(ExitCode code, std::string_view reason) noexcept {
  inner_.abort(code, reason);
  std::abort();  // g++ 12 does not see that the other never returns
}

}  // namespace convoy::simulated
