// What a model and a dataset must have in common. Every command that joins the two asks here before it builds anything:
// operators look tokens up unchecked, and a wrong tokenizer gives losses that look right.
#pragma once

#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/data/dataset.h"
#include "core/graph/graph.h"
#include "core/tokenizer/tokenizer.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// What a model of this config wants of its data.
DatasetNeeds dataset_needs(const Config& config);

// "x (8) f32, y (1) f32"
std::string describe_fields(const BatchSource& data);

// The field that holds what is wanted; empty: the model's targets are no field by themselves.
std::string target_field(const Graph& graph);

// The names of the classes that the graph's targets are of; none where they are no classes, or have no names.
std::vector<std::string> class_names(const Graph& graph, const Dataset& data);

// What a model is told of the data.
ModelData model_data(const Dataset& data);

// Settles the family: what the config leaves to the data, such as model.vocabulary. Throws DataError if the family
// wants tokens and the data has none, ConfigError if it cannot be made for such data.
void resolve_model_by_data(Config& config, const Dataset& data);

// The same by what a trained model has kept of its data, which need not be there; returns that.
std::vector<StoredField> resolve_model_by_checkpoint(Config& config, const CheckpointReader& model);

// Throws DataError if an input of the graph is no field of the data, or of another type or shape, or a field no input.
void check_inputs(const Graph& graph, const Dataset& data);

// A new model. Throws ConfigError if it does not know all tokens of the data.
void check_vocabulary(const Config& config, const Dataset& data);

// A trained model, of this config, and data. Throws DataError that names both: if the data's tokens go beyond the
// model's vocabulary or its tokenizer, where it has one, is another, the two files compared byte by byte; if its
// fields, their columns or classes have other names.
void check_model_and_data(const CheckpointReader& model, const Config& config, const Dataset& data);

// The model that training begins with: the same, as far as it knows of a tokenizer or of fields.
void check_base_and_data(const CheckpointReader& model, const Config& config, const Dataset& data);

// A trained model and the tokenizer that lies beside it. Throws CheckpointError.
void check_tokenizer(const CheckpointReader& model, const Config& config, const Tokenizer& tokenizer);

// The data that a step of a run was made from.
struct DataOfStep {
  std::string step;      // "step 10 of the run in runs/books"
  std::string identity;  // BatchSource::identity(); empty: not known, and any data will do
};

// False: this is the same data. True: it is other data and data.changed = accept says that it may be. Throws DataError
// that names both if it may not.
bool check_same_data(const DataOfStep& earlier, const Config& config, const Dataset& data);

}  // namespace convoy
