#include "core/data/augment/augmented_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/data/host_fields.h"

namespace convoy {
namespace {

// Samples of a batch one by one: the same memory without the extent of the batch.
Tensor sample_of(const Tensor& batch, const BatchField& field, int64_t i) {
  Tensor one(nullptr, batch.dtype, field.shape);
  one.data = static_cast<std::byte*>(batch.data) + static_cast<size_t>(i) * one.bytes();
  return one;
}

size_t field_of(const Dataset& data, const std::string& path, const AugmentationChoice& augmentation) {
  const std::string name = augmentation->field.empty() ? "x" : augmentation->field;
  const BatchField* found = find_field(data.fields(), name);
  if (found == nullptr)
    throw ConfigError(fmt::format("{} changes the field {}, but the fields of {} are {}; name one of them in {}.field",
                                  path, name, data.folder().string(), field_names(data.fields()), path));
  if (const std::string complaint = augmentation->complaint(*found); !complaint.empty())
    throw ConfigError(fmt::format("{} {}, but the field {} of {} is {} {}; remove it, or name another field", path,
                                  complaint, name, data.folder().string(), name_of(found->dtype),
                                  to_string(found->shape)));
  return static_cast<size_t>(found - data.fields().data());
}

}  // namespace

AugmentedData::AugmentedData(std::unique_ptr<Dataset> data, const std::vector<AugmentationChoice>& augmentations,
                             uint64_t seed)
    : data_(std::move(data)), seed_(seed) {
  for (size_t i = 0; i < augmentations.size(); ++i) {
    const std::string path = fmt::format("data.augment.{}.{}", i, augmentations[i].name());
    steps_.push_back({augmentations[i], field_of(*data_, path, augmentations[i])});
  }
}

// What the samples of one batch have in common while they are changed.
class AugmentedData::Batch {
 public:
  explicit Batch(AugmentedData& owner) : owner_(owner) {}

  void change(int64_t number, std::span<const Tensor> fields) {
    for (size_t step = 0; step < owner_.steps_.size(); ++step) {
      const Step& s = owner_.steps_[step];
      SampleRandom random(owner_.seed_, number, static_cast<uint32_t>(step));
      const FieldFacts& facts = s.field < owner_.facts().fields.size() ? owner_.facts().fields[s.field] : none_;
      s.augmentation->apply({fields, s.field, facts, scratch_, [&](float draw) { return other(number, draw); }},
                            random);
    }
  }

 private:
  // As it is stored: what is mixed in is not changed itself.
  std::span<const Tensor> other(int64_t number, float draw) {
    const int64_t epoch = owner_.samples(Split::train), begin = number / epoch * epoch;
    const auto place = static_cast<int64_t>(static_cast<double>(draw) * static_cast<double>(epoch));
    if (other_.empty()) allocate();
    owner_.data_->read(Split::train, begin + std::min(place, epoch - 1), 1, other_batch_);
    return other_;
  }

  void allocate() {
    for (const BatchField& field : owner_.fields())
      other_batch_.emplace_back(nullptr, field.dtype, batched(1, field.shape));
    memory_.resize(host_bytes(other_batch_) + 64);
    place_in_host_memory(other_batch_, memory_.data());
    for (size_t i = 0; i < other_batch_.size(); ++i)
      other_.push_back(sample_of(other_batch_[i], owner_.fields()[i], 0));
  }

  AugmentedData& owner_;
  const FieldFacts none_;
  std::vector<std::byte> scratch_, memory_;
  std::vector<Tensor> other_batch_, other_;
};

void AugmentedData::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  data_->read(split, first, count, out);
  if (split != Split::train) return;
  Batch batch(*this);
  std::vector<Tensor> sample(out.size());
  for (int64_t i = 0; i < count; ++i) {
    for (size_t f = 0; f < out.size(); ++f) sample[f] = sample_of(out[f], fields()[f], i);
    batch.change(first + i, sample);
  }
}

}  // namespace convoy
