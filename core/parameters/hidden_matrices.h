// Which weights of a model are hidden matrices: those that an optimizer of whole matrices (core/optimizer) treats.
//
// A hidden matrix learns, has rows and columns, a convolution's filters as rows, is no table and not the head: of the
// last layer that has such a weight or a table. A parameter that checkpoints hold in pieces, such as a projection to
// queries, keys and values, is as many matrices.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/parameters/parameter_layout.h"

namespace convoy {

// Names of the parameters.
std::set<std::string> hidden_matrices(const Graph& graph);

struct MatrixPlace {
  int64_t offset = 0;  // in flat storage
  int64_t rows = 0, columns = 0;
  int64_t elements() const { return rows * columns; }
  int64_t end() const { return offset + elements(); }
};

// Of all of a layout's parameters, which are hidden matrices.
std::vector<MatrixPlace> matrices_of(const ParameterLayout& layout);

}  // namespace convoy
