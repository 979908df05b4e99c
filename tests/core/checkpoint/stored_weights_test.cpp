// Parameters in the pieces that a peer has of them: what a checkpoint holds, and what comes back.
#include "core/checkpoint/stored_weights.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/error.h"
#include "core/graph/graph.h"
#include "core/layers/linear.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

ParameterSpec in_pieces() {
  ParameterSpec spec{"qkv", {6, 3}, {}, true};
  spec.stored = {{"q", 0, 2, true}, {"kv", 2, 4, false}};
  return spec;
}

std::vector<float> counted(size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

TEST(StoredWeights, GoToFileUnderOtherNamesAndComeBack) {
  const TemporaryFolder folder;
  const ParameterSpec spec = in_pieces();
  std::vector<float> values = counted(18);
  write_safetensors(folder / "w.safetensors", stored_weights(spec, {values.data(), DType::f32, {6, 3}}));
  const SafetensorsReader reader(folder / "w.safetensors");
  EXPECT_EQ(reader.entry("q").shape, (Shape{3, 2}));
  EXPECT_EQ(reader.entry("kv").shape, (Shape{4, 3}));
  std::vector<float> q(6);
  reader.read("q", {q.data(), DType::f32, {3, 2}});
  EXPECT_EQ(q, (std::vector<float>{0, 3, 1, 4, 2, 5}));
  std::vector<float> back(18);
  read_stored_weights(spec, back.data(), [&](const std::string& name, const Tensor& out) { reader.read(name, out); });
  EXPECT_EQ(back, values);
}

TEST(StoredWeights, SettingsAreNotThereAndComeFromTheConfig) {
  const ParameterSpec spec{.name = "loss.class_weights",
                           .shape = {3},
                           .initialisation = Initialisation::given({0.5f, 1, 2}),
                           .role = ParameterRole::setting};
  std::vector<float> values(3);
  EXPECT_TRUE(stored_weights(spec, {values.data(), DType::f32, {3}}).empty());
  EXPECT_TRUE(stored_places(spec).empty());
  read_stored_weights(spec, values.data(), [](const std::string& name, const Tensor&) { ADD_FAILURE() << name; });
  EXPECT_EQ(values, (std::vector<float>{0.5f, 1, 2}));
}

TEST(StoredWeights, LargeMatricesAreTurnedSomeColumnsAtATime) {
  const TemporaryFolder folder;
  ParameterSpec spec{"w", {3000, 701}, {}, true};
  spec.stored = {{"turned", 0, 3000, true}};
  std::vector<float> values = counted(3000 * 701);
  write_safetensors(folder / "w.safetensors", stored_weights(spec, {values.data(), DType::f32, {3000, 701}}));
  const SafetensorsReader reader(folder / "w.safetensors");
  std::vector<float> back(values.size());
  read_stored_weights(spec, back.data(), [&](const std::string& name, const Tensor& out) { reader.read(name, out); });
  EXPECT_EQ(back, values);
}

TEST(StoredWeights, WithoutPiecesAreAsTheyAre) {
  const ParameterSpec spec{"w", {2, 2}, {}, true};
  const std::vector<NamedTensor> stored = stored_weights(spec, {nullptr, DType::bf16, {2, 2}});
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].name, "w");
  EXPECT_EQ(stored_places(spec).front().second, 0);
  EXPECT_EQ(stored_places(in_pieces())[1], (std::pair<std::string, int64_t>("kv", 6)));
}

TEST(StoredWeights, PiecesCoverAllRows) {
  const auto graph_with = [](std::vector<StoredPiece> pieces) {
    Graph graph;
    graph.store_as(
        [&](const ParameterSpec& p) { return p.name == "line.weight" ? pieces : std::vector<StoredPiece>{}; });
    const ValueId x = graph.add_input("x", {DType::f32, {2, 6}});
    graph.add("line", std::make_unique<Linear>(LinearOptions{"line", 6, 3, 0.1f}), {x});
    return graph.nodes()[0].plan.parameters[0].stored.size();
  };
  EXPECT_EQ(graph_with({{"a", 0, 2}, {"b", 2, 4, true}}), 2u);
  EXPECT_EQ(graph_with({}), 0u);
  EXPECT_THROW(graph_with({{"a", 0, 2}}), InternalError);
  EXPECT_THROW(graph_with({{"a", 0, 2}, {"b", 3, 3}}), InternalError);
}

}  // namespace
}  // namespace convoy
