// A communicator that notes what passes through it.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/comm/bytes_sent.h"
#include "core/comm/communicator.h"

namespace convoy::test {

class CountingCommunicator final : public Communicator {
 public:
  explicit CountingCommunicator(Communicator& inner) : inner_(inner), sent_(std::make_shared<size_t>(0)) {}

  // Of all collectives on tensors, by the label they had.
  const std::map<std::string, size_t>& bytes_by_label() const { return bytes_; }
  // By this rank in collectives on tensors, core/comm/bytes_sent.h, those of split groups too.
  size_t sent_bytes() const { return *sent_; }

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  int local_rank() const override { return inner_.local_rank(); }
  int local_size() const override { return inner_.local_size(); }
  void label(int64_t step, std::string_view what) override {
    label_ = what;
    inner_.label(step, what);
  }
  void all_reduce(Stream& stream, const Tensor& x) override {
    note(x, sent_by_all_reduce(x.bytes(), size()));
    inner_.all_reduce(stream, x);
  }
  void all_gather(Stream& stream, const Tensor& out, const Tensor& in) override {
    note(out, sent_by_all_gather(out.bytes(), size()));
    inner_.all_gather(stream, out, in);
  }
  void all_to_all(Stream& stream, const Tensor& out, const Tensor& in) override {
    note(out, sent_by_all_to_all(out.bytes(), size()));
    inner_.all_to_all(stream, out, in);
  }
  void reduce_scatter(Stream& stream, const Tensor& out, const Tensor& in) override {
    note(in, sent_by_all_to_all(in.bytes(), size()));
    inner_.reduce_scatter(stream, out, in);
  }
  void broadcast(Stream& stream, const Tensor& x, int root) override {
    note(x, rank() == root ? x.bytes() : 0);
    inner_.broadcast(stream, x, root);
  }
  void barrier_host() override { inner_.barrier_host(); }
  void broadcast_host(void* data, size_t bytes, int root) override { inner_.broadcast_host(data, bytes, root); }
  void all_gather_host(void* out, const void* in, size_t bytes) override { inner_.all_gather_host(out, in, bytes); }
  std::unique_ptr<Communicator> split(int color, int key) override {
    std::unique_ptr<Communicator> part = inner_.split(color, key);
    return std::unique_ptr<Communicator>(new CountingCommunicator(std::move(part), sent_));
  }
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    inner_.abort(code, reason);
    std::abort();  // g++ 12 does not see that the other never returns
  }

 private:
  CountingCommunicator(std::unique_ptr<Communicator> inner, std::shared_ptr<size_t> sent)
      : owned_(std::move(inner)), inner_(*owned_), sent_(std::move(sent)) {}

  void note(const Tensor& tensor, size_t sent) {
    bytes_[label_] += tensor.bytes();
    *sent_ += sent;
  }

  std::unique_ptr<Communicator> owned_;  // of a split group
  Communicator& inner_;
  std::shared_ptr<size_t> sent_;
  std::string label_;
  std::map<std::string, size_t> bytes_;
};

}  // namespace convoy::test
