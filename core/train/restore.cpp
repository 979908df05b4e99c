#include "core/train/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/for_parameters.h"
#include "core/parameters/initialise.h"
#include "core/parameters/state_names.h"

namespace convoy {
namespace {

const CheckpointReader& source_of(const ParameterSpec& parameter, const TrainedWeights& trained) {
  if (!parameter.of_base) return trained.checkpoint;
  if (trained.base == nullptr) throw InternalError(parameter.name + " is beneath an adapter, and no base is there");
  return *trained.base;
}

// Of each parameter that [begin, end) of a layout has something of: values(parameter, first, last, out). Zeros between.
template <class OfParameter>
ParameterFiller::Values values_of(const ParameterLayout& layout, const OfParameter& values) {
  return [&layout, values](int64_t begin, int64_t end, float* out) {
    std::fill_n(out, end - begin, 0.0f);
    for_parameters(layout, begin, end, [&](const Parameter& p, int64_t first, int64_t count, int64_t place) {
      values(p, first, first + count, out + place);
    });
  };
}

// averages: their moving averages, where the checkpoint has them.
ParameterFiller::Values weights_of(const CheckpointReader& source, const ParameterLayout& layout, bool averages) {
  const bool averaged = averages && source.has_average();
  return values_of(layout, [&source, averaged](const Parameter& p, int64_t begin, int64_t end, float* out) {
    read_stored_range(p.spec, begin, end, out,
                      [&](const std::string& name, const Shape& shape, int64_t first, int64_t count, float* to) {
                        averaged ? source.read_average_range(name, shape, first, count, to)
                                 : source.read_weight_range(name, shape, first, count, to);
                      });
  });
}

// They begin at zero, but for the average.
void zero_states(const ParameterStorage& storage, ParameterFiller& filler) {
  for (const std::string& name : storage.states())
    if (name != kAverageState) filler.zero_state(storage, name);
}

ParameterFiller::Values state_of(const CheckpointReader& source, const std::string& group, const std::string& state) {
  return [&source, group, state](int64_t begin, int64_t end, float* out) {
    source.read_state(group, state, begin, end, out);
  };
}

// The same values, which are added to a sum of that name, where the checkpoint tells what it must be. weights: whose
// they are; of those that no checkpoint has the sum has zeros.
ParameterFiller::Values summed(ParameterFiller::Values values, std::string name, std::optional<std::string> wanted,
                               ReadSums& sums, const ParameterLayout* weights = nullptr) {
  if (!wanted) return values;
  ReadSums::Sum& sum = sums.sums.emplace_back(ReadSums::Sum{std::move(name), std::move(*wanted), {}});
  return [values = std::move(values), &sum, weights](int64_t begin, int64_t end, float* out) {
    values(begin, end, out);
    std::vector<float> saved(out, out + (end - begin));
    if (weights != nullptr)
      for_parameters(*weights, begin, end, [&](const Parameter& p, int64_t, int64_t count, int64_t place) {
        if (!p.spec.is_saved()) std::fill_n(saved.begin() + place, count, 0.0f);
      });
    sum.found.add(begin, saved);
  };
}

}  // namespace

// In the order and with the numbers of a Snapshot. What is not saved has the config's values, and is in no sum.
void restore_training(const CheckpointReader& checkpoint, Model& model, ParameterFiller& filler, ReadSums& sums) {
  int number = 0;
  const auto weights = [&](const ParameterLayout& layout) {
    const std::string name = std::to_string(number);
    return summed(weights_of(checkpoint, layout, false), fmt::format("{}: weights {}", kWeightsName, name),
                  checkpoint.sum_of_weights(name), sums, &layout);
  };
  const auto state = [&](const std::string& group, const std::string& name) {
    return summed(state_of(checkpoint, group, name), fmt::format("{} of group \"{}\"", name, group),
                  checkpoint.sum_of_state(group, name), sums);
  };
  for (size_t g = 0; g < model.groups().size(); ++g, ++number) {
    const ParameterStorage& storage = *model.groups()[g];
    const std::string& name = model.plan().groups()[g].terms.name;
    filler.weights(storage, storage.master() ? state(name, kMasterState) : weights(storage.layout()), false);
    for (const std::string& kept : storage.states()) filler.state(storage, kept, state(name, kept));
  }
  for (size_t i = 0; i < model.kept().size(); ++i)
    if (!model.plan().kept()[i].of_base) {
      filler.weights(*model.kept()[i], weights(model.kept()[i]->layout()), false);
      ++number;
    }
}

void ReadSums::add_up(Communicator& ranks) {
  if (sums.empty()) return;
  std::vector<uint64_t> mine;
  for (const Sum& sum : sums) mine.insert(mine.end(), {sum.found.low, sum.found.high});
  std::vector<uint64_t> all(mine.size() * static_cast<size_t>(ranks.size()));
  ranks.all_gather_host(all.data(), mine.data(), mine.size() * sizeof(uint64_t));
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i].found = {};
    for (size_t at = 2 * i; at < all.size(); at += mine.size()) sums[i].found += {all[at], all[at + 1]};
  }
}

void ReadSums::check() const {
  for (const Sum& sum : sums)
    if (sum.found.hex() != sum.wanted)
      throw CheckpointError(
          fmt::format("{} have the sum {}, the manifest says {}: it is damaged; use another checkpoint", sum.name,
                      sum.found.hex(), sum.wanted));
}

void restore_base(const CheckpointReader& base, Model& model, ParameterFiller& filler) {
  for (size_t i = 0; i < model.kept().size(); ++i)
    if (model.plan().kept()[i].of_base)
      filler.weights(*model.kept()[i], weights_of(base, model.kept()[i]->layout(), true), false);
}

void begin_with_weights(const CheckpointReader& checkpoint, Model& model, ParameterFiller& filler) {
  for (const ParameterStorage* storage : model.storages()) {
    filler.weights(*storage, weights_of(checkpoint, storage->layout(), true), true);
    zero_states(*storage, filler);
  }
}

void initialise(Model& model, uint64_t seed, ParameterFiller& filler) {
  const auto draw = [&](const ParameterStorage& storage) {
    filler.weights(storage,
                   values_of(storage.layout(),
                             [&model, seed](const Parameter& p, int64_t begin, int64_t end, float* out) {
                               initial_range(p, model.layout().find(p.spec.name), seed, begin, end, out);
                             }),
                   true);
    zero_states(storage, filler);
  };
  for (const auto& group : model.groups()) draw(*group);
  for (size_t i = 0; i < model.kept().size(); ++i)
    if (!model.plan().kept()[i].of_base) draw(*model.kept()[i]);  // what is of the base has been read
}

namespace {

// Of the moving average, where it is wanted.
ReadStored reader(const CheckpointReader& checkpoint, bool averages) {
  return [&checkpoint, averages](const std::string& name, const Tensor& out) {
    averages ? checkpoint.read_average(name, out) : checkpoint.read_weight(name, out);
  };
}

}  // namespace

// Of a parameter at a time: a large model is not held twice.
void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, ParameterStorage& parameters) {
  std::vector<float> values;
  for (size_t i = 0; i < parameters.layout().parameters().size(); ++i) {
    const ParameterSpec& spec = parameters.layout().parameters()[i].spec;
    const CheckpointReader& source = source_of(spec, trained);
    values.resize(static_cast<size_t>(spec.shape.elements()));
    read_stored_weights(spec, values.data(), reader(source, source.has_average()));
    set_weight(parameters, device, compute, static_cast<int>(i), values);
  }
}

void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, Model& model) {
  for (ParameterStorage* storage : model.storages()) restore_weights(trained, device, compute, *storage);
}

}  // namespace convoy
