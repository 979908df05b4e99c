#include "core/parameters/hidden_matrices.h"

namespace convoy {

std::set<std::string> hidden_matrices(const Graph& graph) {
  std::set<std::string> names, tables;
  std::string last;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& spec : node.plan.parameters) {
      if (spec.role != ParameterRole::learned || spec.shape.dims() < 2) continue;
      (spec.is_table ? tables : names).insert(spec.name);
      last = spec.name;
    }
  names.erase(last);
  for (const std::string& table : tables) names.erase(table);
  return names;
}

std::vector<MatrixPlace> matrices_of(const ParameterLayout& layout) {
  std::vector<MatrixPlace> places;
  for (const Parameter& p : layout.parameters()) {
    const int64_t rows = p.spec.shape[0], columns = p.elements() / rows;
    if (p.spec.stored.empty()) places.push_back({p.offset, rows, columns});
    for (const StoredPiece& piece : p.spec.stored)
      places.push_back({p.offset + piece.first_row * columns, piece.rows, columns});
  }
  return places;
}

}  // namespace convoy
