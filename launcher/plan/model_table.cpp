#include "launcher/plan/model_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <typeindex>
#include <vector>

#include "datasets/grouped_number.h"

namespace convoy {
namespace {

using Row = std::array<std::string, 6>;

std::string sample_text(const TensorSpec& spec) {
  const std::span<const int64_t> extents(spec.shape.begin(), spec.shape.end());
  return fmt::format(
      "({}){}", fmt::join(extents.subspan(1), ", "),
      spec.dtype == DType::f32 || spec.dtype == DType::bf16 ? "" : fmt::format(" {}", name_of(spec.dtype)));
}

std::string sample_flops_text(double flops) {
  if (flops == 0) return "";
  return flops < 1e6 ? fmt::format("{:.4g} k", flops / 1e3) : fmt::format("{:.4g} M", flops / 1e6);
}

class Table {
 public:
  explicit Table(const Graph& graph) : graph_(graph) {
    rows_.push_back({"layer", "type", "output", "parameters", "FLOP", "reads"});
    for (const Node& node : graph.nodes())
      if (!node.plan.is_loss || !node.plan.parameters.empty()) add(node);
  }

  std::string text() const {
    std::array<size_t, 6> widths{};
    for (const Row& row : rows_)
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const Row& row : rows_) {
      std::string line = fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>{}}  {:>{}}  {}", row[0], widths[0], row[1], widths[1],
                                     row[2], widths[2], row[3], widths[3], row[4], widths[4], row[5]);
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text + fmt::format("{} parameters, {}FLOP a sample forward\n", grouped(parameters_),
                              graph_.forward_flops() == 0 ? "0 " : sample_flops_text(graph_.forward_flops()));
  }

 private:
  void add(const Node& node) {
    int64_t own = 0;
    for (const ParameterSpec& parameter : node.plan.parameters)
      if (parameter.role == ParameterRole::learned && counted_.insert(parameter.name).second)
        own += parameter.shape.elements();  // tied ones once
    parameters_ += own;
    const Layer& layer = *node.layer;
    rows_.push_back({node.name, operator_name(typeid(layer)), sample_text(node.plan.outputs[0]),
                     own == 0 ? "" : grouped(own), sample_flops_text(node.plan.forward_flops), reads(node)});
    last_ = node.outputs[0];
  }

  // What it reads, where that is not what the row above gives.
  std::string reads(const Node& node) const {
    std::vector<std::string> names;
    bool as_above = node.inputs.size() == 1;
    for (const ValueId input : node.inputs) {
      const Value& value = graph_.values()[static_cast<size_t>(input)];
      as_above &= input == last_;
      names.push_back(value.producer < 0 ? value.name + " " + sample_text(value.spec)
                                         : graph_.nodes()[static_cast<size_t>(value.producer)].name);
    }
    return as_above ? "" : fmt::format("{}", fmt::join(names, ", "));
  }

  const Graph& graph_;
  std::vector<Row> rows_;
  std::set<std::string> counted_;
  int64_t parameters_ = 0;
  ValueId last_ = -1;
};

}  // namespace

std::string model_table(const Graph& graph) { return Table(graph).text(); }

}  // namespace convoy
