// Lists of layers as graphs: names of parameters, `from`, marks, repetition, and what is told where a list makes no
// model.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/models/kinds.h"
#include "core/models/layers_family.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"
#include "launcher/plan/model_table.h"

namespace convoy::test {
namespace {

// The sum of two values, which only this test knows.
class Sum final : public Layer {
 public:
  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose) const override {
    LayerPlan plan;
    plan.outputs = {inputs[0]};
    return plan;
  }
  void forward(Pass&, const LayerTensors&) const override {}
  void backward(Pass&, const LayerTensors&) const override {}
};

struct SumItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<SumItem>(*this); }
  bool joins() const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override {
    return graph.add(name, std::make_unique<Sum>(), {inputs.begin(), inputs.end()})[0];
  }
};

const std::vector<LayerItemKind> kLayers = [] {
  std::vector<LayerItemKind> kinds(layer_item_kinds().begin(), layer_item_kinds().end());
  kinds.push_back({"sum", "of two values", make_maker<SumItem>});
  return kinds;
}();
std::unique_ptr<Family> make_layers() { return std::make_unique<LayersFamily>(kLayers); }
const std::vector<FamilyKind> kFamilies{{"gpt2", "as ever", family_kinds()[0].maker},
                                        {"layers", "a list", make_layers}};

Config parse(const std::string& layers, const std::vector<std::string>& words = {}) {
  const OpenSets sets{.families = kFamilies};
  return parse_config("model: {family: layers, layers: " + layers + "}\nloss: {name: mse}\nbatch: {micro: 1}\n",
                      "a.yaml", words, Config(sets));
}

Graph graph_of(const std::string& layers, const std::vector<std::string>& words = {}, DType dtype = DType::f32) {
  Config config = parse(layers, words);
  const ModelData data{.name = "d",
                       .fields = {{"x", DType::f32, {3}},
                                  {"ids", DType::i32, {2}},
                                  {"z", DType::f32, {3}},
                                  {"picture", DType::u8, {4, 4, 1}},
                                  {"y", DType::f32, {1}}},
                       .statistics = {{"x", {{.mean = 1, .deviation = 2}, {.mean = 3}, {.mean = 5, .deviation = 6}}},
                                      {"picture", {{.mean = 127, .deviation = 50}}}}};
  config.model.family->settle(data, *config.loss.kind);
  return config.model.family->loss_graph({.B = 1, .dtype = dtype, .loss = *config.loss.kind});
}

std::vector<std::string> parameters_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& parameter : node.plan.parameters)
      if (parameter.name.ends_with(".weight")) names.push_back(parameter.name.substr(0, parameter.name.size() - 7));
  return names;
}

std::string error_of(const std::string& layers, const std::vector<std::string>& words = {}) {
  try {
    graph_of(layers, words);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}
void expect_says(const std::string& layers, const std::string& says, const std::vector<std::string>& words = {}) {
  const std::string said = error_of(layers, words);
  EXPECT_NE(said.find(says), std::string::npos) << layers << "\nsaid " << said;
}

using Names = std::vector<std::string>;

TEST(LayerList, ParametersAreNamedByPlaceOrName) {
  EXPECT_EQ(parameters_of(graph_of("[{linear: {units: 4}}, {linear: {units: 1, name: top}}]")),
            (Names{"layers.0.linear", "top"}));
  EXPECT_EQ(parameters_of(graph_of("[{repeat: 2, layers: [{linear: {units: 3, name: a}}, {linear: {units: 3}}]}, "
                                   "{linear: {units: classes}}]")),
            (Names{"layers.0.0.a", "layers.0.0.1.linear", "layers.0.1.a", "layers.0.1.1.linear", "layers.1.linear"}));
}

TEST(LayerList, FromTakesNamesMarksFieldsAndTheValueSoFar) {
  const Graph graph = graph_of(
      "[{linear: {units: 3, name: a}}, {name: here}, {linear: {units: 3}}, "
      "{sum: {from: [here, .]}}, {sum: {from: [a, z]}}, {linear: {units: 1, from: a}}]");
  const auto inputs = [&](size_t node) { return graph.nodes()[node].inputs; };
  const ValueId a = graph.nodes()[0].outputs[0], z = graph.input("z");
  EXPECT_EQ(inputs(1), (std::vector<ValueId>{a}));
  EXPECT_EQ(inputs(2), (std::vector<ValueId>{a, graph.nodes()[1].outputs[0]}));
  EXPECT_EQ(inputs(3), (std::vector<ValueId>{a, z}));
  EXPECT_EQ(inputs(4), (std::vector<ValueId>{a}));
}

// Names in what is repeated are those of the same time, and end with it.
TEST(LayerList, EachTimeHasNamesOfItsOwn) {
  const Graph graph = graph_of(
      "[{repeat: 3, layers: [{name: in}, {linear: {units: 3}}, {sum: {from: [in, .]}}]}, {linear: {units: 1}}]");
  for (size_t time = 0; time < 3; ++time) {
    const Node& linear = graph.nodes()[2 * time];
    EXPECT_EQ(graph.nodes()[2 * time + 1].inputs, (std::vector<ValueId>{linear.inputs[0], linear.outputs[0]}));
    EXPECT_EQ(linear.block, static_cast<int>(time));
    EXPECT_EQ(graph.nodes()[2 * time + 1].block, static_cast<int>(time));
  }
  expect_says("[{repeat: 2, layers: [{name: in}, {linear: {units: 1}}]}, {linear: {units: 1, from: in}}]",
              "model.layers.1.linear.from names in, which no layer before it and no field");
}

TEST(LayerList, WordsReachIntoRepetitions) {
  const std::string layers = "[{repeat: 2, layers: [{linear: {units: 3}}]}, {linear: {units: 1}}]";
  EXPECT_EQ(parameters_of(graph_of(layers, {"model.layers.0.repeat=3", "model.layers.0.layers.0.linear.name=b"})),
            (Names{"layers.0.0.b", "layers.0.1.b", "layers.0.2.b", "layers.1.linear"}));
  EXPECT_EQ(
      parameters_of(graph_of(layers, {"model.layers.0.layers=[{linear: {units: 2}}, {linear: {units: 2}}]"})).size(),
      5u);
}

TEST(LayerList, AResolvedConfigReadsBackAndLeavesOutWhatIsEmpty) {
  const Config config = parse(
      "[{repeat: 2, layers: [{name: in}, {linear: {units: 3, name: a}}, {sum: {from: [in, .]}}]}, "
      "{name: top}, {linear: {units: 1, from: top}}]");
  const std::string yaml = to_yaml(config);
  EXPECT_EQ(to_yaml(parse_config(yaml, "b.yaml", {}, Config({.families = kFamilies}))), yaml);
  EXPECT_EQ(yaml.find("from: []"), std::string::npos) << yaml;
  EXPECT_EQ(yaml.find("name: \"\""), std::string::npos) << yaml;
}

TEST(LayerList, MistakesAreToldWithTheirPlace) {
  expect_says("[{linear: {units: 3, name: stem}}, {linear: {units: 1, from: stme}}]",
              "model.layers.1.linear.from names stme, which no layer before it and no field of the data is called; did "
              "you mean stem?");
  expect_says("[{linear: {units: 1, from: y}}]", "model.layers.0.linear.from names y");
  expect_says("[{sum: {from: [x]}}]", "model.layers.0.sum joins several values, and its `from` names one");
  expect_says("[sum]", "joins several values, and its `from` names none");
  expect_says("[{linear: {units: 1, from: [x, z]}}]",
              "model.layers.0.linear.from = [x, z], but linear reads one value");
  expect_says("[{linear: {units: 1, name: a}}, {linear: {units: 1, name: a}}]",
              "model.layers.1: the name a stands before it in this list already");
  expect_says("[{linear: {units: 1, name: a.b}}]", "a.yaml:1:60: model.layers.0.linear.name = a.b; a name is made of");
  expect_says("[{name: }]", "model.layers.0.name has no value");
  expect_says("[{repeat: 0, layers: [{linear: {units: 1}}]}]", "model.layers.0.repeat = 0; at least 1 is wanted");
  expect_says("[{repeat: 2}]", "model.layers.0.layers is empty; list what is to be repeated");
  expect_says("[{repeat: 2, layers: [{linaer: {}}]}]", "model.layers.0.layers.0 = linaer is unknown");
  expect_says("[{repeat: 2, layers: [{linear: {unit: 1}}]}]",
              "unknown key model.layers.0.layers.0.linear.unit; did you");
  expect_says("[{repeat: 2, layer: [{linear: {units: 1}}]}]", "unknown key model.layers.0.layer");
  expect_says(
      "[{name: a, linear: {units: 1}}]",
      "model.layers.0 has the names name, linear; one name is wanted, alone or with its keys below it, as in `- "
      "linear: {...}`");
  expect_says("[{linear: {units: 1, from: ids}}]",
              "layer layers.0.linear reads real numbers, and ids is i32 (1, 2); put embedding before it");
  expect_says("[{linear: {units: 1}}]", "model.input and model.target are both y", {"model.input=y"});
}

TEST(LayerList, RealFieldsAreConvertedOnceForWhatDoesNotConvertThem) {
  const Graph graph =
      graph_of("[{linear: {units: 3, name: a}}, {sum: {from: [x, .]}}, {normalize: {from: x}}, {linear: {units: 1}}]",
               {}, DType::bf16);
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.push_back(node.name);
  EXPECT_EQ(names, (Names{"input", "a", "layers.1.sum", "layers.2.normalize", "layers.3.linear", "loss"}));
  const ValueId x = graph.input("x"), converted = graph.nodes()[0].outputs[0];
  EXPECT_EQ(graph.nodes()[0].block, -1);
  EXPECT_EQ(graph.nodes()[1].inputs, (std::vector<ValueId>{converted}));
  EXPECT_EQ(graph.nodes()[1].block, 0);
  EXPECT_EQ(graph.nodes()[2].inputs, (std::vector<ValueId>{converted, graph.nodes()[1].outputs[0]}));
  EXPECT_EQ(graph.nodes()[3].inputs, (std::vector<ValueId>{x}));
  EXPECT_EQ(graph.spec(graph.nodes()[3].outputs[0]).dtype, DType::bf16);
}

const ParameterSpec& parameter_of(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes())
    for (const ParameterSpec& parameter : node.plan.parameters)
      if (parameter.name == name) return parameter;
  throw std::logic_error("no parameter " + name);
}

TEST(LayerList, NormalizeTakesTheStatisticsOfItsField) {
  const Graph graph = graph_of("[normalize, {normalize: {from: picture, name: grey}}, {linear: {units: 1, from: x}}]");
  EXPECT_EQ(*parameter_of(graph, "layers.0.normalize.mean").initialisation.values, (std::vector<float>{1, 3, 5}));
  EXPECT_EQ(*parameter_of(graph, "layers.0.normalize.deviation").initialisation.values, (std::vector<float>{2, 0, 6}));
  EXPECT_EQ(*parameter_of(graph, "grey.deviation").initialisation.values, (std::vector<float>{50}));
  EXPECT_EQ(graph.spec(graph.nodes()[1].outputs[0]).dtype, DType::f32);
  const Initialisation unknown =
      parameter_of(graph_of("[{normalize: {from: z}}, {linear: {units: 1}}]"), "layers.0.normalize.mean")
          .initialisation;
  EXPECT_EQ(unknown.kind, Initialisation::Kind::unknown) << "a checkpoint may have them";
  EXPECT_NE(unknown.advice.find("d does not tell mean and deviation of its field z"), std::string::npos);
  expect_says("[{linear: {units: 3}}, normalize, {linear: {units: 1}}]", "layer layers.1.normalize: normalize knows");
}

TEST(LayerList, BatchNormHasKeys) {
  const Graph graph =
      graph_of("[{linear: {units: 3}}, {batch_norm: {scale: false, name: norm}}, {linear: {units: 1}}]");
  EXPECT_EQ(graph.nodes()[1].plan.parameters[0].name, "norm.bias");
  EXPECT_EQ(graph.nodes()[1].plan.parameters[1].role, ParameterRole::statistic);
  expect_says("[{batch_norm: {momentum: 0}}]", "model.layers.0.batch_norm.momentum = 0");
}

TEST(ModelTable, CountsWhatLearns) {
  const std::string table = model_table(graph_of("[normalize, batch_norm, {linear: {units: 1}}]"));
  EXPECT_NE(table.find("\n10 parameters, "), std::string::npos) << table;
}

TEST(ModelTable, HasALineForEveryLayer) {
  const std::string table = model_table(graph_of(
      "[{linear: {units: 1000, name: wide}}, {linear: {units: 3}}, {sum: {from: [z, .]}}, {linear: {units: 1}}]"));
  EXPECT_EQ(table,
            "layer            type    output  parameters     FLOP  reads\n"
            "wide             Linear  (1000)       4,000      6 k  x (3)\n"
            "layers.1.linear  Linear  (3)          3,003      6 k\n"
            "layers.2.sum     Sum     (3)                          z (3), layers.1.linear\n"
            "layers.3.linear  Linear  (1)              4  0.006 k\n"
            "7,007 parameters, 12.01 kFLOP a sample forward\n");
}

}  // namespace
}  // namespace convoy::test
