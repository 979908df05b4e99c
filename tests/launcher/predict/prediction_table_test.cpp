#include "launcher/predict/prediction_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/models/losses.h"
#include "launcher/predict/output_file.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

// Of two classes by one number.
struct ToySigmoid final : Loss {
  void describe(Keys&) override {}
  std::unique_ptr<Loss> clone() const override { return std::make_unique<ToySigmoid>(*this); }
  int64_t outputs(const BatchField&, const ModelData&) const override { return 1; }
  std::vector<ValueId> add(Graph&, ValueId, ValueId) const override { return {}; }
  void predict(std::span<float> outputs) const override {
    for (float& output : outputs) output = 1 / (1 + std::exp(-output));
  }
  bool predicts_probabilities() const override { return true; }
};

std::string written(const Loss& loss, const Predicted& predicted, const std::vector<std::string>& kept,
                    const std::vector<InputRow>& rows, const std::vector<float>& outputs) {
  std::string text;
  PredictionTable table(loss, predicted, kept, [&](std::string_view part) { text += part; });
  table.add(rows, outputs);
  table.finish();
  return text;
}

TEST(PredictionTable, Numbers) {
  const MseLoss mse;
  EXPECT_EQ(written(mse, {}, {}, {{}, {}}, {1.5f, -0.1f}), "prediction\n1.5\n-0.1\n");
  EXPECT_EQ(written(mse, {.outputs = 2}, {}, {{}}, {1, 2}), "prediction_0,prediction_1\n1,2\n");
  EXPECT_EQ(written(mse, {.numbers = {"a,b", "c"}, .outputs = 2}, {}, {{}}, {1, 2}),
            "\"prediction_a,b\",prediction_c\n1,2\n");
  EXPECT_EQ(written(mse, {}, {}, {}, {}), "prediction\n");
}

TEST(PredictionTable, ClassesAndTheirProbabilities) {
  const CrossEntropyLoss loss;
  const Predicted of_two{.classes = {"cat", "dog, \"wild\""}, .outputs = 2};
  EXPECT_EQ(written(loss, of_two, {}, {{}, {}}, {0, 0, -200, 200}),
            "prediction,probability_cat,\"probability_dog, \"\"wild\"\"\"\ncat,0.5,0.5\n\"dog, \"\"wild\"\"\",0,1\n");
  EXPECT_THROW(written(loss, {.classes = {"a", "b", "c"}, .outputs = 2}, {}, {}, {}), ConfigError);
}

TEST(PredictionTable, ProbabilitiesOfOneNumber) {
  const ToySigmoid loss;
  EXPECT_EQ(written(loss, {.classes = {"no", "yes"}, .outputs = 1}, {}, {{}, {}}, {0, 100}),
            "prediction,probability_no,probability_yes\nno,0.5,0.5\nyes,0,1\n");
  EXPECT_EQ(written(loss, {}, {}, {{}, {}}, {-200, 0}), "prediction,probability\n0,0\n1,0.5\n");
}

TEST(PredictionTable, RowsKeepTheirPlaces) {
  const CrossEntropyLoss loss;
  const std::vector<InputRow> rows{{true, "1,x"}, {false, "2,"}, {true, "3,\"a,b\""}};
  EXPECT_EQ(written(loss, {.classes = {"p", "q"}, .outputs = 2}, {"id", "note"}, rows, {1, 1, 200, 0}),
            "id,note,prediction,probability_p,probability_q\n1,x,p,0.5,0.5\n2,,,,\n3,\"a,b\",p,1,0\n");
  EXPECT_EQ(written(MseLoss(), {}, {"id"}, {{true, ""}}, {1}), "id,prediction\n,1\n") << "an empty cell is one";
}

TEST(OutputFile, AppearsWhole) {
  const TemporaryFolder folder;
  {
    OutputFile left(folder / "out.csv");
    left.write("half");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  OutputFile whole(folder / "out.csv");
  whole.write("a\n");
  whole.write("b\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "out.csv"));
  whole.commit();
  EXPECT_EQ(read_file(folder / "out.csv"), "a\nb\n");
  EXPECT_THROW(OutputFile(folder / "none" / "out.csv"), FileError);
}

}  // namespace
}  // namespace convoy
