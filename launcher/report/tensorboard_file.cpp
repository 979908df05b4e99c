#include "launcher/report/tensorboard_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <utility>

#include "core/base/crc32c.h"

namespace convoy {
namespace {

// The few messages of tensorflow/core/util/event.proto and framework/summary.proto that scalars need, written by hand:
// a field is its number and wire type, then its value. Debian's libsentencepiece exports a protobuf of its own, which
// a linked libprotobuf would get in the way of.
class Message {
 public:
  Message& integer(uint32_t field, uint64_t value) {
    varint(field << 3 | 0);
    varint(value);
    return *this;
  }
  Message& real64(uint32_t field, double value) {
    varint(field << 3 | 1);
    return little_endian(std::bit_cast<uint64_t>(value), 8);
  }
  Message& text(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_.append(value);
    return *this;
  }
  Message& message(uint32_t field, const Message& value) { return text(field, value.bytes_); }
  Message& real32(uint32_t field, float value) {
    varint(field << 3 | 5);
    return little_endian(std::bit_cast<uint32_t>(value), 4);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  Message& little_endian(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(value >> 8 * i));
    return *this;
  }

  std::string bytes_;
};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Message event() { return Message().real64(1, seconds_since_1970()); }  // Event.wall_time

// What f32 cannot hold is infinite there.
float to_f32(double value) {
  if (std::abs(value) <= std::numeric_limits<float>::max() || std::isnan(value)) return static_cast<float>(value);
  return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(value > 0 ? 1 : -1));
}

std::string scalars(int64_t step, const NamedValues& values) {
  Message summary;
  for (const auto& [tag, value] : values)
    summary.message(1, Message().text(1, tag).real32(2, to_f32(value)));  // Summary.Value
  return tfrecord(event().integer(2, static_cast<uint64_t>(step)).message(5, summary).bytes());
}

NamedValues values_of(const std::string& folder, const EvaluationMetrics& metrics) {
  NamedValues values{{folder + "/loss", metrics.loss}};
  if (metrics.unit == kTokens) values.emplace_back(folder + "/perplexity", std::exp(metrics.loss));
  for (const auto& [name, value] : metrics.metrics)
    if (name != "perplexity" || metrics.unit != kTokens) values.emplace_back(folder + "/" + name, value);
  return values;
}

std::filesystem::path new_file(const std::filesystem::path& folder) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"localhost"};
  make_folder(folder);
  return folder / fmt::format("events.out.tfevents.{:010}.{}.{}", static_cast<int64_t>(seconds_since_1970()),
                              host.data(), ::getpid());
}

void append_little_endian(std::string& out, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

// TFRecord rotates and shifts the sum, so that sums of data that holds sums are sound.
uint32_t masked_crc32c(std::string_view data) { return std::rotr(crc32c(data), 15) + 0xa282ead8u; }

}  // namespace

std::string tfrecord(std::string_view data) {
  std::string record;
  append_little_endian(record, data.size(), 8);
  append_little_endian(record, masked_crc32c(record), 4);
  record.append(data);
  append_little_endian(record, masked_crc32c(data), 4);
  return record;
}

TensorBoardFile::TensorBoardFile(const std::filesystem::path& folder, int64_t resumed_step) : file_(new_file(folder)) {
  file_.append(tfrecord(event().text(3, "brain.Event:2").bytes()));  // Event.file_version
  forget_after(resumed_step);
}

void TensorBoardFile::forget_after(int64_t step) {
  const Message start = Message().integer(1, 1);  // SessionLog.status = START
  file_.append(tfrecord(event().integer(2, static_cast<uint64_t>(step + 1)).message(7, start).bytes()));
}

void TensorBoardFile::on_rollback(const RollbackMetrics& metrics) { forget_after(metrics.step); }

void TensorBoardFile::on_step(const StepMetrics& metrics) {
  file_.append(scalars(metrics.step, {{"train/loss", metrics.loss},
                                      {"train/lr", metrics.lr},
                                      {"train/grad_norm", metrics.grad_norm},
                                      {"speed/" + metrics.unit + "_per_s", metrics.tokens_per_s},
                                      {"speed/step_ms", metrics.step_ms},
                                      {"speed/data_wait_ms", metrics.data_wait_ms},
                                      {"speed/comm_exposed_ms", metrics.comm_exposed_ms},
                                      {"speed/mfu", metrics.mfu},
                                      {"memory/device_bytes", static_cast<double>(metrics.memory_bytes)}}));
}

void TensorBoardFile::on_evaluation(const EvaluationMetrics& metrics) {
  file_.append(scalars(metrics.step, values_of("eval", metrics)));
}

void TensorBoardFile::on_final(const FinalMetrics& metrics) {
  for (const auto& [split, evaluation] : metrics.splits)
    file_.append(scalars(metrics.step, values_of("final_" + split, evaluation)));
}

}  // namespace convoy
