#include "launcher/model_and_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "core/base/checksum.h"
#include "core/base/error.h"
#include "datasets/compare_fields.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

std::string described(int64_t vocabulary, const std::string& file, const std::string& content) {
  return fmt::format("a vocabulary of {} and the tokenizer {} (checksum {})", vocabulary, file, checksum_of(content));
}

std::string field_text(const std::string& name, const Shape& shape, DType dtype) {
  return fmt::format("{} {} {}", name, to_string(shape), name_of(dtype));
}

bool provides(const BatchSource& data, const std::string& name, const Shape& shape, DType dtype) {
  return std::any_of(data.fields().begin(), data.fields().end(), [&](const BatchField& field) {
    return field.name == name && field.shape == shape && field.dtype == dtype;
  });
}

bool reads_tokens(const Config& config) { return config.model.family->context() > 0; }

void check_tokens(const CheckpointReader& model, int64_t vocabulary, const Dataset& data) {
  const DatasetFacts& facts = data.facts();
  const bool fits = facts.vocabulary > 0 && facts.vocabulary <= vocabulary;
  if (!has_tokenizer(model)) {  // one that came without: any will do
    if (fits) return;
    throw DataError(fmt::format(
        "the model in {} has a vocabulary of {}, the data in {} has {}; name data of fewer tokens in data.path",
        model.folder().string(), vocabulary, data.folder().string(),
        facts.vocabulary > 0 ? std::to_string(facts.vocabulary) : "no tokens, but " + describe_fields(data)));
  }
  const std::string file = tokenizer_file_of(model), of_model = model.file(file);
  const auto files = data.files();
  const auto found = files.find(facts.tokenizer_file);
  const std::string of_data = found == files.end() ? std::string() : found->second;
  if (fits && of_data == of_model) return;
  throw DataError(
      fmt::format("the model in {} has {}, the data in {} has {}; name data of the model's tokenizer in "
                  "data.path: `trainer data import-text IN... OUT --tokenizer {}` makes it",
                  model.folder().string(), described(vocabulary, file, of_model), data.folder().string(),
                  facts.vocabulary > 0 ? described(facts.vocabulary, facts.tokenizer_file, of_data)
                                       : "no tokens, but " + describe_fields(data),
                  (model.folder() / file).string()));
}

// What a kind of dataset says of its fields, if it says anything.
void check_fields(const CheckpointReader& model, const Dataset& data) {
  const auto files = data.files();
  const auto of_data = files.find(kFieldsFile);
  if (of_data == files.end() || !model.has_file(kFieldsFile)) return;
  const std::string difference = difference_of_fields(model.file(kFieldsFile), of_data->second);
  if (difference.empty()) return;
  throw DataError(
      fmt::format("the data in {} is not of the form that the model in {} was trained on: {}; name data of "
                  "the same columns in data.path",
                  data.folder().string(), model.folder().string(), difference));
}

// Of the field's last extent. Empty: they are not known of all of it.
std::vector<ColumnStatistics> statistics_of(const BatchField& field, const FieldFacts& facts) {
  if (field.shape.dims() == 0) return {};
  const std::vector<Column>& columns =
      field.shape.dims() == 1 && !facts.columns.empty() ? facts.columns : facts.channels;
  std::vector<ColumnStatistics> statistics;
  for (const Column& column : columns)
    if (column.statistics) statistics.push_back(*column.statistics);
  if (static_cast<int64_t>(statistics.size()) != field.shape[-1]) statistics.clear();
  return statistics;
}

// What a model is told of a field beside its form.
void add_facts(const BatchField& field, const FieldFacts& facts, ModelData& told) {
  if (const auto classes = static_cast<int64_t>(facts.classes.size()); classes > 0) told.classes[field.name] = classes;
  if (auto statistics = statistics_of(field, facts); !statistics.empty())
    told.statistics[field.name] = std::move(statistics);
}

}  // namespace

DatasetNeeds dataset_needs(const Config& config) {
  return {.context = config.model.family->context(),
          .seed = static_cast<uint64_t>(config.run.seed),
          .pack = config.data.pack,
          .separate_documents = config.data.separate_documents,
          .prefix_ends = config.model.family->reads_prompts_whole()};
}

std::string describe_fields(const BatchSource& data) {
  std::vector<std::string> fields;
  for (const BatchField& field : data.fields()) fields.push_back(field_text(field.name, field.shape, field.dtype));
  return fmt::format("{}", fmt::join(fields, ", "));
}

std::string target_field(const Graph& graph) {
  const auto targets = graph.outputs().find("targets");
  if (targets == graph.outputs().end()) return {};
  const Value& value = graph.values()[static_cast<size_t>(targets->second)];
  return value.producer < 0 ? value.name : std::string();
}

std::vector<std::string> class_names(const Graph& graph, const Dataset& data) {
  const std::string name = target_field(graph);
  for (size_t i = 0; i < data.fields().size() && i < data.facts().fields.size(); ++i)
    if (data.fields()[i].name == name) return data.facts().fields[i].classes;
  return {};
}

// It may be asked for as long as the data is there.
ModelData model_data(const Dataset& data) {
  ModelData told{.name = data.folder().string(), .fields = data.fields(), .vocabulary = data.facts().vocabulary};
  for (size_t i = 0; i < data.fields().size() && i < data.facts().fields.size(); ++i)
    add_facts(data.fields()[i], data.facts().fields[i], told);
  told.count_classes = [&data](const std::string& field) { return data.class_counts(field); };
  return told;
}

std::vector<StoredField> resolve_model_by_checkpoint(Config& config, const CheckpointReader& model) {
  if (reads_tokens(config) || !model.has_file(kFieldsFile))
    throw ConfigError(
        fmt::format("the model in {} is of the family {} and reads no fields of samples; `trainer "
                    "generate` writes with a model of sequences",
                    model.folder().string(), config.model.family.name()));
  std::vector<StoredField> fields = fields_from_json(model.file(kFieldsFile));
  ModelData told{.name = model.folder().string()};
  for (const StoredField& field : fields) {
    told.fields.push_back({field.name, batch_dtype(field.type), field.shape});
    add_facts(told.fields.back(), field.facts, told);
  }
  config.model.family->settle(told, *config.loss.kind);
  return fields;
}

void resolve_model_by_data(Config& config, const Dataset& data) {
  if (reads_tokens(config) && data.facts().vocabulary == 0)
    throw DataError(
        fmt::format("{}: a dataset of fields {}, but model.family = {} reads tokens; name a dataset that `trainer data "
                    "import-text` made in data.path, or choose another family",
                    data.folder().string(), describe_fields(data), config.model.family.name()));
  config.model.family->settle(model_data(data), *config.loss.kind);
}

void check_inputs(const Graph& graph, const Dataset& data) {
  std::vector<std::string> inputs, missing;
  for (const Value& value : graph.values())
    if (value.producer < 0) {
      const Shape& shape = value.spec.shape;  // with the micro-batch in front
      const Shape of_sample(std::span(shape.begin(), shape.end()).subspan(1));
      inputs.push_back(field_text(value.name, of_sample, value.spec.dtype));
      if (!provides(data, value.name, of_sample, value.spec.dtype)) missing.push_back(inputs.back());
    }
  if (missing.empty() && inputs.size() == data.fields().size()) return;
  throw DataError(
      fmt::format("{}: a dataset of fields {}, but the model reads {}; {}name another dataset in data.path, "
                  "or change the model",
                  data.folder().string(), describe_fields(data), fmt::join(inputs, ", "),
                  missing.empty() ? "" : fmt::format("no field is {}: ", fmt::join(missing, ", "))));
}

void check_vocabulary(const Config& config, const Dataset& data) {
  const int64_t tokens = data.facts().vocabulary, model = config.model.family->vocabulary();
  if (tokens == 0 || tokens <= model) return;
  throw ConfigError(
      fmt::format("model.vocabulary = {}, but the tokens in {} reach up to {}; a new run wants {} or more, or auto",
                  model, data.folder().string(), tokens - 1, tokens));
}

void check_model_and_data(const CheckpointReader& model, const Config& config, const Dataset& data) {
  if (reads_tokens(config))
    check_tokens(model, config.model.family->vocabulary(), data);
  else
    check_fields(model, data);
}

void check_base_and_data(const CheckpointReader& model, const Config& config, const Dataset& data) {
  if (has_tokenizer(model) || model.has_file(kFieldsFile)) check_model_and_data(model, config, data);
}

void check_tokenizer(const CheckpointReader& model, const Config& config, const Tokenizer& tokenizer) {
  const int64_t vocabulary = config.model.family->vocabulary();
  if (tokenizer.vocabulary() <= vocabulary) return;
  throw CheckpointError(
      fmt::format("the model in {} has a vocabulary of {}, the tokenizer beside it one of {}; put the "
                  "tokenizer there that the model was trained with",
                  model.folder().string(), vocabulary, tokenizer.vocabulary()));
}

bool check_same_data(const DataOfStep& earlier, const Config& config, const Dataset& data) {
  const std::string found = data.identity();
  if (earlier.identity.empty() || earlier.identity == found) return false;
  if (config.data.changed == DataChange::accept) return true;
  throw DataError(
      fmt::format("{} was made from other data ({}) than lies in {} ({}); name that data in data.path, "
                  "import the same text again as it was imported then, or take this data with "
                  "data.changed=accept",
                  earlier.step, earlier.identity, data.folder().string(), found));
}

}  // namespace convoy
