#include "launcher/report/shown_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/data/host_fields.h"
#include "launcher/report/png.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostValues = 24;  // of a sample that are shown

std::string class_text(const std::vector<std::string>& names, size_t c, double probability) {
  return fmt::format("{} ({:.1f}%)", c < names.size() ? names[c] : std::to_string(c), 100 * probability);
}

// Of each class; one logit is that of class 1.
std::vector<double> probabilities(const std::vector<float>& logits) {
  std::vector<double> p(logits.begin(), logits.end());
  if (p.size() == 1) p.insert(p.begin(), 0);
  const double largest = *std::ranges::max_element(p);
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - largest);
  for (double& value : p) value /= sum;
  return p;
}

std::string numbers_text(const std::vector<float>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size() && i < 4; ++i)
    text += fmt::format("{}{:.6g}", i == 0 ? "" : ", ", static_cast<double>(numbers[i]));
  return numbers.size() > 4 ? text + ", ..." : text;
}

void tell_prediction(const SampleLoss& sample, const std::vector<std::string>& classes, ShownSample& shown) {
  if (sample.prediction.empty()) return;
  if (sample.target_class < 0) {
    shown.wanted = numbers_text(sample.target);
    shown.predicted = numbers_text(sample.prediction);
    return;
  }
  const std::vector<double> p = probabilities(sample.prediction);
  const auto wanted = static_cast<size_t>(sample.target_class);
  const auto predicted = static_cast<size_t>(std::ranges::max_element(p) - p.begin());
  shown.wanted = class_text(classes, wanted, p.at(wanted));
  shown.predicted = class_text(classes, predicted, p[predicted]);
}

// Height, width and channels of a field that is a picture.
std::optional<Picture> picture_of(const Tensor& field) {
  const Shape& shape = field.shape;  // with one sample in front
  if (field.dtype != DType::u8 || shape.dims() < 3 || shape.dims() > 4) return std::nullopt;
  const int64_t channels = shape.dims() == 4 ? shape[3] : 1;
  if (channels != 1 && channels != 3) return std::nullopt;
  return Picture{{field.as<const uint8_t>(), field.bytes()}, shape[1], shape[2], channels};
}

double value_at(const Tensor& field, int64_t i) {
  switch (field.dtype) {
    case DType::f32:
      return static_cast<double>(field.as<const float>()[i]);
    case DType::i32:
      return field.as<const int32_t>()[i];
    case DType::u8:
      return field.as<const uint8_t>()[i];
    default:
      return std::nan("");
  }
}

std::string values_of(const Tensor& field, const std::string& name, const FieldFacts& facts) {
  std::string text;
  for (int64_t i = 0; i < field.elements(); ++i) {
    const auto column = static_cast<size_t>(i);
    const std::string of_column = column < facts.columns.size() ? facts.columns[column].name
                                  : field.elements() == 1       ? name
                                                                : fmt::format("{}.{}", name, i);
    text += fmt::format("{}{} {:.5g}", i == 0 ? "" : ", ", of_column, value_at(field, i));
  }
  return text;
}

// What the model read of it: a picture, and values where they are few; not what was wanted.
void tell_inputs(Dataset& data, const std::string& target, ShownSample& shown) {
  std::vector<Tensor> fields;
  for (const BatchField& field : data.fields()) fields.push_back({nullptr, field.dtype, batched(1, field.shape)});
  std::vector<std::byte> memory(host_bytes(fields));
  place_in_host_memory(fields, memory.data());
  data.read(Split::validation, shown.sample, 1, fields);
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string& name = data.fields()[i].name;
    const FieldFacts facts = i < data.facts().fields.size() ? data.facts().fields[i] : FieldFacts{};
    if (name == target) continue;
    if (const auto picture = picture_of(fields[i]); picture && shown.picture.empty())
      shown.picture = png_data_uri(*picture);
    else if (fields[i].elements() <= kMostValues)
      shown.values += (shown.values.empty() ? "" : ", ") + values_of(fields[i], name, facts);
  }
}

Json to_json(const ShownSample& s) {
  return {{"sample", s.sample},       {"loss", s.loss},     {"wanted", s.wanted},
          {"predicted", s.predicted}, {"values", s.values}, {"picture", s.picture}};
}

ShownSample sample_from(const Json& json) {
  const Json& loss = json.at("loss");
  return {json.at("sample").get<int64_t>(),     loss.is_number() ? loss.get<double>() : std::nan(""),
          json.at("wanted").get<std::string>(), json.at("predicted").get<std::string>(),
          json.at("values").get<std::string>(), json.at("picture").get<std::string>()};
}

}  // namespace

ShownSamples shown_samples(const EvaluationMetrics& evaluation, Dataset& data, const std::string& target,
                           const std::vector<std::string>& class_names) {
  ShownSamples shown{evaluation.step, class_names, {}};
  for (const SampleLoss& sample : evaluation.worst) {
    shown.samples.push_back({.sample = sample.sample, .loss = sample.loss});
    tell_prediction(sample, class_names, shown.samples.back());
    if (data.facts().vocabulary == 0) tell_inputs(data, target, shown.samples.back());
  }
  return shown;
}

void write_shown_samples(const std::filesystem::path& file, const ShownSamples& samples) {
  Json json = {{"step", samples.step}, {"classes", samples.classes}, {"samples", Json::array()}};
  for (const ShownSample& sample : samples.samples) json["samples"].push_back(to_json(sample));
  write_file_atomically(file, json_text(json) + "\n");
}

std::optional<ShownSamples> read_shown_samples(const std::filesystem::path& file) try {
  if (!is_there(file)) return std::nullopt;
  const Json json = parse_ordered_json(read_file(file));
  ShownSamples samples{json.at("step").get<int64_t>(), json.at("classes").get<std::vector<std::string>>(), {}};
  for (const Json& sample : json.at("samples")) samples.samples.push_back(sample_from(sample));
  return samples;
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace convoy
