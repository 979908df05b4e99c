#include "core/train/split_outputs.h"

#include <algorithm>
#include <cstring>

#include "core/base/integers.h"
#include "core/comm/fail_together.h"
#include "core/data/host_fields.h"

namespace convoy {
namespace {

// One rank's part of the work.
class OutputReader {
 public:
  OutputReader(const SplitOutputs& parts, Split split)
      : p_(parts),
        split_(split),
        samples_(p_.source.samples(split)),
        batches_(ceil_div(samples_, p_.micro_batch)),
        output_(p_.model.evaluation().output(p_.output)),
        width_(output_.elements() / p_.micro_batch),
        on_host_(output_) {
    for (const BatchField& field : p_.source.fields()) inputs_.push_back(p_.model.evaluation().input(field.name));
    for (const Value& value : p_.model.graph().values())
      if (value.producer < 0 && find_field(p_.source.fields(), value.name) == nullptr)
        zeros_.push_back(p_.model.evaluation().input(value.name));
    fields_ = inputs_;
    memory_ = p_.device.allocate(host_bytes(fields_) + host_bytes(std::span(&on_host_, 1)), MemoryKind::host);
    place_in_host_memory(fields_, memory_.data());
    place_in_host_memory(std::span(&on_host_, 1), static_cast<std::byte*>(memory_.data()) + host_bytes(fields_));
  }

  int64_t values() const { return samples_ * width_; }
  // As many on every rank: the last may be of no batch.
  int64_t rounds() const { return ceil_div<int64_t>(batches_, p_.ranks.size()); }

  // Of every rank's batch, in their order.
  std::vector<float> round(int64_t number) {
    const auto of_batch = static_cast<size_t>(p_.micro_batch * width_);
    const int64_t batch = number * p_.ranks.size() + p_.ranks.rank();
    std::vector<float> mine(of_batch), all(of_batch * static_cast<size_t>(p_.ranks.size()));
    fail_together(p_.ranks, [&] {
      if (batch < batches_) compute(batch, mine.data());
    });
    p_.ranks.all_gather_host(all.data(), mine.data(), of_batch * sizeof(float));
    if (p_.progress) p_.progress(std::min(samples_, (number + 1) * p_.ranks.size() * p_.micro_batch), samples_);
    return all;
  }

 private:
  void compute(int64_t batch, float* values) {
    load(batch * p_.micro_batch);
    copy_fields(p_.compute, inputs_, fields_);
    for (const Tensor& zero : zeros_) p_.compute.zero(zero.data, zero.bytes());
    Pass pass{.ops = p_.device.ops(), .stream = p_.compute, .rows_alike = true};
    p_.model.evaluation().run(pass);
    p_.compute.copy(on_host_.data, output_.data, output_.bytes());
    p_.compute.synchronize();
    std::memcpy(values, on_host_.data, on_host_.bytes());
  }

  // Where samples are missing, copies of the first stand in: what they give is not taken.
  void load(int64_t first) {
    const int64_t there = std::min(p_.micro_batch, samples_ - first);
    std::vector<Tensor> present;
    for (const Tensor& field : fields_) {
      std::vector<int64_t> extents(field.shape.begin(), field.shape.end());
      extents.front() = there;
      present.push_back(field.reshaped(Shape(std::span<const int64_t>(extents))));
    }
    p_.source.read(split_, first, there, present);
    for (const Tensor& field : fields_) {
      const size_t bytes = field.bytes() / static_cast<size_t>(p_.micro_batch);
      for (int64_t missing = there; missing < p_.micro_batch; ++missing)
        std::memcpy(field.as<std::byte>() + static_cast<size_t>(missing) * bytes, field.data, bytes);
    }
  }

  const SplitOutputs& p_;
  const Split split_;
  const int64_t samples_, batches_;
  const Tensor output_;
  const int64_t width_;
  Tensor on_host_;
  std::vector<Tensor> inputs_, zeros_, fields_;
  Memory memory_;
};

}  // namespace

std::vector<float> outputs_of_split(const SplitOutputs& parts, Split split) {
  OutputReader reader(parts, split);
  std::vector<float> values;
  for (int64_t round = 0; round < reader.rounds(); ++round) {
    const std::vector<float> of_round = reader.round(round);
    values.insert(values.end(), of_round.begin(), of_round.end());
  }
  values.resize(static_cast<size_t>(reader.values()));
  return values;
}

}  // namespace convoy
