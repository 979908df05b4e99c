// Convolutions and pooling in lists of layers: their keys, shapes and weights, and what is told where a key is wrong.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/models/layers_family.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"

namespace convoy::test {
namespace {

Config parse(const std::string& layers) {
  return parse_config("model: {family: layers, layers: " + layers + "}\nloss: {name: cross_entropy}\n", "a.yaml", {});
}

Graph graph_of(const std::string& layers, const Shape& sample) {
  Config config = parse(layers);
  const ModelData data{
      .name = "d", .fields = {{"x", DType::f32, sample}, {"y", DType::i32, {}}}, .classes = {{"y", 10}}};
  config.model.family->settle(data, *config.loss.kind);
  return config.model.family->loss_graph({.B = 2, .dtype = DType::f32, .loss = *config.loss.kind});
}

// Of the node's first output.
Shape shape_of(const Graph& graph, const std::string& node) {
  for (const Node& n : graph.nodes())
    if (n.name == node) return n.plan.outputs[0].shape;
  ADD_FAILURE() << "no node " << node;
  return {};
}

std::string error_of(const std::string& layers, const Shape& sample) {
  try {
    graph_of(layers, sample);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}
void expect_says(const std::string& layers, const std::string& says, const Shape& sample = {8, 8, 3}) {
  const std::string said = error_of(layers, sample);
  EXPECT_NE(said.find(says), std::string::npos) << layers << "\nsaid " << said;
}

TEST(PictureItems, AConvolutionalNetHasItsShapes) {
  const Graph graph = graph_of(
      "[{conv2d: {channels: 32, kernel: 3, padding: same, activation: relu, name: stem}}, {max_pool2d: {window: 2, "
      "name: "
      "half}}, {conv2d: {channels: 64, kernel: [3, 1], stride: [1, 2], padding: [2, 0], activation: gelu, name: odd}}, "
      "{average_pool2d: {window: [2, 3], stride: 1, padding: same, name: mean}}, {conv2d: {channels: 64, groups: "
      "depthwise, "
      "bias: false, name: deep}}, {global_average_pool: {name: all}}, {linear: {units: classes, name: out}}]",
      {28, 28, 1});
  EXPECT_EQ(shape_of(graph, "stem"), (Shape{2, 28, 28, 32}));
  EXPECT_EQ(shape_of(graph, "half"), (Shape{2, 14, 14, 32}));
  EXPECT_EQ(shape_of(graph, "odd"), (Shape{2, 16, 7, 64}));
  EXPECT_EQ(shape_of(graph, "odd.activation"), (Shape{2, 16, 7, 64}));
  EXPECT_EQ(shape_of(graph, "mean"), (Shape{2, 16, 7, 64}));
  EXPECT_EQ(shape_of(graph, "deep"), (Shape{2, 14, 5, 64}));
  EXPECT_EQ(shape_of(graph, "all"), (Shape{2, 64}));
  EXPECT_EQ(shape_of(graph, "out"), (Shape{2, 10}));
  for (const Node& node : graph.nodes())
    if (node.name == "deep") {
      ASSERT_EQ(node.plan.parameters.size(), 1u);
      EXPECT_EQ(node.plan.parameters[0].name, "deep.weight");
      EXPECT_EQ(node.plan.parameters[0].shape, (Shape{64, 1, 3, 3}));
    }
}

TEST(PictureItems, ASequenceHasItsShapes) {
  const Graph graph = graph_of(
      "[{conv1d: {channels: 8, kernel: 4, dilation: 2, padding: causal, name: seen}}, {max_pool1d: {window: 3, name: "
      "third}}, {average_pool1d: {window: 2, stride: 3, name: mean}}, {global_max_pool: {name: all}}, linear]",
      {30, 5});
  EXPECT_EQ(shape_of(graph, "seen"), (Shape{2, 30, 8}));
  EXPECT_EQ(shape_of(graph, "third"), (Shape{2, 10, 8}));
  EXPECT_EQ(shape_of(graph, "mean"), (Shape{2, 3, 8}));
  EXPECT_EQ(shape_of(graph, "all"), (Shape{2, 8}));
}

TEST(PictureItems, WhatIsWrongIsTold) {
  expect_says("[{conv2d: {kernel: [1, 2, 3]}}, linear]",
              "kernel = [1, 2, 3] has 3 numbers; one is wanted, or [height, width]");
  expect_says("[{conv1d: {kernel: [1, 2]}}, linear]", "kernel = [1, 2] has 2 numbers; one is wanted", {8, 3});
  expect_says("[{conv2d: {padding: around}}, linear]",
              "padding = around is unknown; there are valid, same, or whole numbers");
  expect_says("[{conv2d: {padding: causal}}, linear]", "padding = causal is unknown");
  expect_says("[{conv2d: {padding: -1}}, linear]", "at least 0 is wanted");
  expect_says("[{conv2d: {stride: 0}}, linear]", "at least 1 is wanted");
  expect_says("[{max_pool2d: {window: []}}, linear]", "window = [] has 0 numbers; one is wanted, or [height, width]");
  expect_says("[{conv2d: {kernel: 9}}, global_max_pool, linear]",
              "layer layers.0.conv2d: its window reaches over 9 x 9");
  expect_says("[{conv2d: {groups: 2, channels: 4}}, linear]", "the number of groups must divide both, as 1 does");
  expect_says("[conv2d, linear]", "layer layers.0.conv2d: its input has shape (2, 7)", {7});
}

TEST(PictureItems, PaddingIsWrittenAsItWasRead) {
  for (const char* padding : {"same", "valid", "[1]", "[0, 3]"}) {
    const std::string written = to_yaml(parse(std::string("[{conv2d: {padding: ") + padding + "}}]"));
    EXPECT_NE(written.find(std::string("padding: ") + padding + "\n"), std::string::npos) << written;
  }
  EXPECT_NE(to_yaml(parse("[{conv2d: {padding: 2}}]")).find("padding: [2]\n"), std::string::npos);
}

}  // namespace
}  // namespace convoy::test
