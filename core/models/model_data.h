// What a model is told of the data that it is made for.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/data/dataset.h"

namespace convoy {

struct ModelData {
  std::string name;                        // for messages: the dataset's folder
  std::vector<BatchField> fields;          // of one sample
  int64_t vocabulary = 0;                  // of tokens; 0: there are none
  std::map<std::string, int64_t> classes;  // how many a field of labels has
  // Of a field's last extent, columns of a table or colours of pictures; fields of which they are not known are left
  // out.
  std::map<std::string, std::vector<ColumnStatistics>> statistics;
  // How often each class of a field stands in the training split, of which it reads them all; absent, or empty: nobody
  // knows.
  std::function<std::vector<int64_t>(const std::string& field)> count_classes = {};
};

}  // namespace convoy
