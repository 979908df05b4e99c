// Small layers as a list names them: keys, what they leave to the data, and what is told where they do not fit.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/models/layers_family.h"
#include "core/ops/activation.h"
#include "launcher/config/load_config.h"

namespace convoy::test {
namespace {

struct Data {
  DType x = DType::f32;
  Shape shape = {12};
  DType y = DType::i32;
  Shape target = {};
};

Graph graph_of(const std::string& layers, const Data& of = {}, const std::string& loss = "cross_entropy",
               DType dtype = DType::f32) {
  Config config =
      parse_config("model: {family: layers, layers: " + layers + "}\nloss: {name: " + loss + "}\nbatch: {micro: 4}\n",
                   "a.yaml", {}, Config());
  const ModelData data{.name = "d",
                       .fields = {{"x", of.x, of.shape},
                                  {"kinds", DType::i32, {2}},
                                  {"unnamed", DType::i32, {2}},
                                  {"y", of.y, of.target}},
                       .classes = {{"kinds", 6}, {"y", 3}},
                       .count_classes = [](const std::string&) {
                         return std::vector<int64_t>{6, 4, 2};
                       }};
  config.model.family->settle(data, *config.loss.kind);
  return config.model.family->loss_graph({.B = 4, .dtype = dtype, .loss = *config.loss.kind});
}

std::string error_of(const std::string& layers, const Data& of = {}, const std::string& loss = "cross_entropy") {
  try {
    graph_of(layers, of, loss);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}
void expect_says(const std::string& layers, const std::string& says, const Data& of = {},
                 const std::string& loss = "cross_entropy") {
  const std::string said = error_of(layers, of, loss);
  EXPECT_NE(said.find(says), std::string::npos) << layers << "\nsaid " << said;
}

const TensorSpec& output(const Graph& graph, const std::string& node) {
  for (const Node& each : graph.nodes())
    if (each.name == node) return graph.spec(each.outputs.back());
  throw InternalError("no node " + node);
}

TEST(LayerItems, EveryActivationIsALayerAndAKeyOfLinear) {
  for (const auto& [view, kind] : enum_names(Activation{})) {
    const std::string name(view);
    const Graph fused = graph_of("[{linear: {units: 3, activation: " + name + "}}]");
    EXPECT_EQ(fused.nodes().size(), 2u) << name;
    if (kind == Activation::none) continue;
    EXPECT_EQ(output(graph_of("[" + name + ", {linear: {units: 3}}]"), "layers.0." + name).shape, (Shape{4, 12}));
  }
  EXPECT_EQ(error_of("[{leaky_relu: {slope: 0.2}}, {elu: {alpha: 2}}, {linear: {units: 3}}]"), "accepted");
  expect_says("[{linear: {units: 3, activation: rellu}}]", "model.layers.0.linear.activation = rellu");
}

TEST(LayerItems, LinearNeedsNoBias) {
  EXPECT_EQ(graph_of("[{linear: {units: 3, bias: false}}]").nodes()[0].plan.parameters.size(), 1u);
}

TEST(LayerItems, ReshapeAndFlattenChangeShapesAlone) {
  const Graph graph = graph_of("[{reshape: {shape: [2, -1, 3]}}, flatten, {linear: {units: 3}}]");
  EXPECT_EQ(output(graph, "layers.0.reshape").shape, (Shape{4, 2, 2, 3}));
  EXPECT_EQ(output(graph, "layers.1.flatten").shape, (Shape{4, 12}));
  expect_says("[{reshape: {shape: [8, 8, 1]}}]",
              "layer layers.0.reshape: its input is (12) a sample, 12 elements, which do not fit the shape (8, 8, 1)");
  for (const char* shape : {"[]", "[0, 12]", "[-1, -1]", "[1, 1, 1, 1, 12]"})
    expect_says(std::string("[{reshape: {shape: ") + shape + "}}]",
                "wanted are 1 to 4 extents of at least 1, one of which may be -1");
}

TEST(LayerItems, ConcatAddAndMultiplyTellWhatDoesNotFit) {
  EXPECT_EQ(output(graph_of("[{linear: {units: 5, name: a}}, {concat: {from: [x, a]}}, {linear: {units: 3}}]"),
                   "layers.1.concat")
                .shape,
            (Shape{4, 17}));
  expect_says("[{linear: {units: 5, name: a}}, {add: {from: [x, a]}}]",
              "layer layers.1.add adds samples of shapes (12), (5)");
  expect_says("[{linear: {units: 5, name: a}}, {multiply: {from: [x, a]}}]",
              "layer layers.1.multiply multiplies samples of shapes (12), (5)");
  expect_says("[{linear: {units: 5, name: a}}, {concat: {from: [x, a], axis: 1}}]",
              "which has no axis 1; it has 0 to 0");
}

TEST(LayerItems, EmbeddingsTakeTheNumberOfCategoriesFromTheData) {
  const Graph graph = graph_of(
      "[{embedding: {units: 5, from: kinds, name: table}}, {flatten: {name: kind}}, {concat: {from: [x, kind]}}, "
      "{linear: {units: 3}}]",
      {}, "cross_entropy", DType::bf16);
  EXPECT_EQ(output(graph, "table").shape, (Shape{4, 2, 5}));
  EXPECT_EQ(output(graph, "table").dtype, DType::bf16);
  for (const Node& node : graph.nodes())
    if (node.name == "table") {
      EXPECT_EQ(node.plan.parameters[0].shape, (Shape{6, 5}));
    }
  expect_says("[{embedding: {from: unnamed}}]",
              "an embedding of the field unnamed, of which d does not say how many categories there are");
  expect_says("[{embedding: {from: kinds, categories: 5}}]",
              "an embedding of 5 categories, and the field kinds of d has 6");
  EXPECT_EQ(output(graph_of("[{embedding: {from: kinds, categories: 9, name: t}}, flatten, {linear: {units: 3}}]"), "t")
                .shape,
            (Shape{4, 2, 8}));
  expect_says("[embedding]",
              "an embedding reads whole numbers, and the field x of d holds none; name one in its `from`");
}

TEST(LayerItems, ImagesAreBytes) {
  const Data pictures{.x = DType::u8, .shape = {4, 4, 3}};
  const Graph graph = graph_of("[image, flatten, {linear: {units: 3}}]", pictures, "cross_entropy", DType::bf16);
  EXPECT_EQ(output(graph, "layers.0.image").shape, (Shape{4, 4, 4, 3}));
  EXPECT_EQ(output(graph, "layers.0.image").dtype, DType::bf16);
  expect_says("[flatten, {linear: {units: 3}}]", "u8", pictures);
  expect_says("[image]", "layer layers.0.image reads whole numbers, and x is f32");
}

TEST(LayerItems, NormsAndSoftmaxKeepTheShape) {
  const Graph graph = graph_of("[layer_norm, rms_norm, {dropout: {p: 0.1}}, softmax, {linear: {units: 3}}]");
  for (const char* name : {"layers.0.layer_norm", "layers.1.rms_norm", "layers.2.dropout", "layers.3.softmax"})
    EXPECT_EQ(output(graph, name).shape, (Shape{4, 12})) << name;
  expect_says("[{dropout: {p: 1}}]", "model.layers.0.dropout.p = 1");
}

TEST(Losses, WeighAndIgnoreClasses) {
  const auto loss_of = [](const std::string& keys) {
    return graph_of("[{linear: {units: classes}}]", {}, "cross_entropy" + keys);
  };
  const auto weights = [&](const std::string& keys) {
    const Graph graph = loss_of(keys);
    const LayerPlan& plan = graph.nodes().back().plan;
    return plan.parameters.empty() ? std::vector<float>() : *plan.parameters[0].initialisation.values;
  };
  EXPECT_EQ(weights(", class_weights: [1, 0.5, 2]"), (std::vector<float>{1, 0.5f, 2}));
  EXPECT_EQ(weights(", class_weights: balanced"), (std::vector<float>{12.0f / 18, 1, 2}));
  EXPECT_EQ(weights(", class_weights: balanced, ignore_index: 1"), (std::vector<float>{8.0f / 12, 1, 2}));
  EXPECT_EQ(weights(", class_weights: none"), std::vector<float>());
  EXPECT_FALSE(loss_of("").weighs_rows());
  EXPECT_FALSE(loss_of(", label_smoothing: 0.1, ignore_index: none").weighs_rows());
  EXPECT_TRUE(loss_of(", ignore_index: 2").weighs_rows());
  EXPECT_TRUE(loss_of(", class_weights: balanced").weighs_rows());
  const auto refused = [](const std::string& keys, const std::string& says) {
    expect_says("[{linear: {units: classes}}]", says, {}, "cross_entropy, " + keys);
  };
  refused("class_weights: [1, 2]", "loss.class_weights has 2 numbers, and the field y of d has 3 classes; give one");
  refused("class_weights: 2", "loss.class_weights has 1 numbers, and the field y of d has 3 classes");
  refused("class_weights: [1, many, 2]", "loss.class_weights.1 = many");
  refused("class_weights: [1, 0, 2]", "loss.class_weights = 0; at least 1e-06 is wanted");
  refused("class_weights: equal", "loss.class_weights = equal");
  refused("ignore_index: 3", "loss.ignore_index = 3, and the field y of d has 3 classes, 0 to 2; name one of these");
  refused("ignore_index: -1", "loss.ignore_index = -1");
  expect_says("[{linear: {units: classes}}]", "class_weights", {.y = DType::f32}, "mse, class_weights: balanced");
  expect_says("[{linear: {units: 4}}]", "loss cross_entropy has weights of 3 classes, and predictions (4, 4) f32 are",
              {}, "cross_entropy, class_weights: balanced");
}

TEST(Losses, SayHowManyNumbersTheyWant) {
  const auto units = [](const std::string& loss, const Data& of) {
    return graph_of("[{linear: {units: classes}}]", of, loss).nodes()[0].plan.outputs[0].shape[-1];
  };
  const Data numbers{.y = DType::f32, .target = {5}};
  EXPECT_EQ(units("cross_entropy", {}), 3);
  for (const char* loss : {"mse", "mae", "huber", "binary_cross_entropy"}) EXPECT_EQ(units(loss, numbers), 5) << loss;
  expect_says("[{linear: {units: classes}}]",
              "loss.name = binary_cross_entropy is of two classes, or of numbers from 0 to 1; the field y of d holds 3 "
              "classes of shape (); write loss.name=cross_entropy",
              {}, "binary_cross_entropy");
  expect_says("[{linear: {units: classes}}]", "loss.name = mae is of numbers, and the field y of d holds classes", {},
              "mae");
  expect_says("[{linear: {units: classes}}]", "loss.name = cross_entropy is of classes", numbers);
}

}  // namespace
}  // namespace convoy::test
