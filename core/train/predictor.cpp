#include "core/train/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/data/host_fields.h"

namespace convoy {
namespace {

constexpr size_t kBatchesAhead = 4;
constexpr const char* kPredictionsOutput = "predictions";

void check_fields_given(const Graph& graph, const std::vector<BatchField>& given) {
  for (const std::string& name : Predictor::fields_read(graph)) {
    const TensorSpec& wanted = graph.spec(graph.input(name));
    const BatchField* found = find_field(given, name);
    if (found == nullptr || found->dtype != wanted.dtype || batched(wanted.shape[0], found->shape) != wanted.shape)
      throw DataError(fmt::format("the model reads a field {} {} {}, which the input does not give", name,
                                  to_string(wanted.shape), name_of(wanted.dtype)));
  }
}

bool is_input(const Graph& graph, const std::string& name) {
  return std::ranges::any_of(graph.values(),
                             [&](const Value& value) { return value.producer < 0 && value.name == name; });
}

}  // namespace

// A thread that fills batches in turns.
class Predictor::ReadAhead {
 public:
  ReadAhead(const Parts& parts, std::vector<Batch>& batches) : p_(parts), batches_(batches) {
    thread_ = std::thread([this] { run(); });
  }
  ~ReadAhead() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next one, until the call after; null: there are no more. Rethrows what reading threw.
  const Batch* next() {
    std::unique_lock lock(mutex_);
    released_ = taken_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return taken_ < read_ || ended_; });
    if (taken_ < read_) return &batches_[taken_++ % batches_.size()];
    if (failure_) std::rethrow_exception(failure_);
    return nullptr;
  }

 private:
  void run() {
    for (bool more = true; more;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || read_ - released_ < batches_.size(); });
        if (stop_) return;
      }
      std::exception_ptr failure;
      try {
        Batch& batch = batches_[read_ % batches_.size()];
        batch.rows.clear();
        batch.samples = p_.input.read(p_.micro_batch, batch.fields, batch.rows);
        more = batch.samples == p_.micro_batch;
      } catch (...) {
        failure = std::current_exception();
        more = false;
      }
      {
        const std::lock_guard lock(mutex_);
        if (!failure) ++read_;
        failure_ = failure;
        ended_ = !more;
      }
      changed_.notify_all();
    }
  }

  const Parts& p_;
  std::vector<Batch>& batches_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t read_ = 0, taken_ = 0, released_ = 0;
  bool stop_ = false, ended_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // last: starts when all else is there
};

Predictor::Predictor(const Parts& parts) : p_(parts) {
  const Program& program = p_.model.evaluation();
  check_fields_given(p_.model.graph(), p_.input.fields());
  predictions_ = program.output(kPredictionsOutput);
  outputs_ = predictions_.elements() / p_.micro_batch;
  std::vector<Tensor> fields;
  for (const BatchField& field : p_.input.fields()) {
    fields.push_back({nullptr, field.dtype, batched(p_.micro_batch, field.shape)});
    inputs_.push_back(is_input(p_.model.graph(), field.name) ? program.input(field.name) : Tensor());
  }
  for (const Value& value : p_.model.graph().values())
    if (value.producer < 0 && find_field(p_.input.fields(), value.name) == nullptr)
      zeros_.push_back(program.input(value.name));
  inputs_.insert(inputs_.end(), zeros_.begin(), zeros_.end());
  on_host_ = predictions_;
  const size_t of_batch = host_bytes(fields), of_zeros = host_bytes(zeros_);
  memory_ =
      p_.device.allocate(kBatchesAhead * of_batch + of_zeros + host_bytes(std::span(&on_host_, 1)), MemoryKind::host);
  auto* next = static_cast<std::byte*>(memory_.data());
  for (size_t i = 0; i < kBatchesAhead; ++i, next += of_batch) {
    place_in_host_memory(fields, next);
    batches_.push_back({fields, {}, 0});
  }
  place_in_host_memory(zeros_, next);
  std::memset(next, 0, of_zeros);
  place_in_host_memory(std::span(&on_host_, 1), next + of_zeros);
}

std::vector<std::string> Predictor::fields_read(const Graph& graph) {
  const auto predictions = graph.outputs().find(kPredictionsOutput);
  if (predictions == graph.outputs().end())
    throw ConfigError("this model tells no predictions of samples; `trainer generate` writes with models of sequences");
  return graph.inputs_of(predictions->second);
}

void Predictor::run(const Take& take) {
  ReadAhead ahead(p_, batches_);
  std::vector<float> outputs;
  while (const Batch* batch = ahead.next()) {
    outputs.clear();
    if (batch->samples > 0) compute(*batch, outputs);
    take(batch->rows, outputs);
  }
}

// Where samples are missing, copies of the first stand in: what they give is not taken.
void Predictor::compute(const Batch& batch, std::vector<float>& outputs) {
  std::vector<Tensor> fields = batch.fields;
  for (const Tensor& field : fields) {
    const size_t bytes = field.bytes() / static_cast<size_t>(p_.micro_batch);
    for (int64_t missing = batch.samples; missing < p_.micro_batch; ++missing)
      std::memcpy(field.as<std::byte>() + static_cast<size_t>(missing) * bytes, field.data, bytes);
  }
  fields.insert(fields.end(), zeros_.begin(), zeros_.end());
  for (size_t i = 0; i < fields.size(); ++i)  // a field that the model does not read has no input
    if (inputs_[i]) p_.compute.copy(inputs_[i].data, fields[i].data, inputs_[i].bytes());
  Pass pass{.ops = p_.device.ops(), .stream = p_.compute, .rows_alike = true};
  p_.model.evaluation().run(pass);
  p_.compute.copy(on_host_.data, predictions_.data, predictions_.bytes());
  p_.compute.synchronize();
  outputs.resize(static_cast<size_t>(batch.samples * outputs_));
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i] =
        on_host_.dtype == DType::f32 ? on_host_.as<const float>()[i] : static_cast<float>(on_host_.as<const bf16>()[i]);
}

}  // namespace convoy
