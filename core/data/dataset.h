// A BatchSource that tells what it holds: everything that a model, a report or a check of the two against each other
// wants to know of data, whatever kind of dataset it comes from (datasets/kinds.h).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/batch_source.h"
#include "core/tokenizer/tokenizer.h"

namespace convoy {

class Communicator;

// Of one column over the training split.
struct ColumnStatistics {
  double mean = 0, deviation = 0;  // the standard deviation of the numbers themselves: divided by their count
  double min = 0, max = 0;
  bool operator==(const ColumnStatistics&) const = default;
};

// One element of a sample.
struct Column {
  std::string name;
  std::optional<ColumnStatistics> statistics;  // absent: not known
  bool operator==(const Column&) const = default;
};

// What is known of a field beside its name, type and shape.
struct FieldFacts {
  bool ragged = false;               // samples differ in their first extent, of which the shape has the largest
  std::vector<Column> columns;       // of a sample's elements, row by row; empty: they have no names
  std::vector<Column> channels;      // of its last extent, over all before it, as colours of an image; empty: no names
  std::vector<std::string> classes;  // the names of 0, 1, 2, ... in a field of labels; empty: it has none
};

struct DatasetFacts {
  std::string kind;                              // as its manifest names it
  std::string unit;                              // of what is stored: "tokens", "samples"
  std::array<int64_t, kSplits.size()> stored{};  // by Split, in that unit
  std::vector<FieldFacts> fields;                // in the order of BatchSource::fields
  int64_t vocabulary = 0;                        // of tokens; 0: it has none
  std::string tokenizer_file;                    // its name in the folder; empty: it has none

  int64_t stored_in(Split split) const { return stored[static_cast<size_t>(split)]; }
};

// What the user of a dataset wants of it.
struct DatasetNeeds {
  int64_t context = 0;              // tokens in a sample, for datasets of tokens
  uint64_t seed = 0;                // of the training order
  bool pack = true;                 // several documents share a sample where they fit, for datasets of documents
  bool separate_documents = false;  // of texts one after the other: attention stops where the next begins
  bool prefix_ends = false;         // of each token, where the prompt of its document ends
  Communicator* ranks = nullptr;    // that open it together, each of them so; null: this process alone
};

class Dataset : public BatchSource {
 public:
  virtual const DatasetFacts& facts() const = 0;
  virtual const std::filesystem::path& folder() const = 0;

  // What made its tokens; null: it has none. Throws DataError if its file is damaged.
  virtual std::unique_ptr<Tokenizer> tokenizer() const { return nullptr; }
  // What a model keeps of the data it is trained on, names and contents of files: a tokenizer, names of columns with
  // their statistics. Not looked into. Throws DataError if one cannot be read.
  virtual std::map<std::string, std::string> files() const { return {}; }
  // How often each class of a field of labels stands in the training split: reads them all. Empty: it cannot tell.
  // Throws DataError if one is damaged.
  virtual std::vector<int64_t> class_counts(const std::string& /*field*/) const { return {}; }
  // Of datasets whose samples are stored one by one: the number of that which this sample is, in the order of the
  // split. -1: samples are made of others.
  virtual int64_t stored_sample(Split /*split*/, int64_t /*sample*/) const { return -1; }
  // "FOUND; REMEDIES" where the split holds fewer than `samples` samples. model_is_fixed: it is trained already.
  virtual std::string too_few(Split split, int64_t samples, bool model_is_fixed) const = 0;
};

}  // namespace convoy
