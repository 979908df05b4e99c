// What a model and a dataset must have in common. Every command that joins the two asks here before it builds anything:
// operators look tokens up unchecked, and a wrong tokenizer gives losses that look right.
#pragma once

#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/tokenizer/tokenizer.h"
#include "datasets/token_dataset.h"

namespace convoy {

// A new model. Throws ConfigError if it does not know all tokens of the data.
void check_vocabulary(const Config& config, const TokenDataset& data);

// A trained model, of this config, and data. Throws DataError that names both if the data's tokens go beyond the
// model's vocabulary or if its tokenizer is another one: the two files are compared byte by byte.
void check_model_and_data(const CheckpointReader& model, const Config& config, const TokenDataset& data);

// A trained model and the tokenizer that lies beside it. Throws CheckpointError.
void check_tokenizer(const CheckpointReader& model, const Config& config, const Tokenizer& tokenizer);

// The data that a step of a run was made from.
struct DataOfStep {
  std::string step;      // "step 10 of the run in runs/books"
  std::string identity;  // BatchSource::identity(); empty: not known, and any data will do
};

// False: this is the same data. True: it is other data and data.changed = accept says that it may be. Throws DataError
// that names both if it may not.
bool check_same_data(const DataOfStep& earlier, const Config& config, const TokenDataset& data);

}  // namespace convoy
