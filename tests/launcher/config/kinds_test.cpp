// Lists, groups and kinds in a config, on one that has some of each: read from a file and from words, refused in words,
// listed as flat keys.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/config/kind.h"
#include "core/optimizer/makers.h"
#include "launcher/config/apply_settings.h"
#include "launcher/config/load_config.h"
#include "launcher/config/yaml_settings.h"

namespace convoy {
namespace {

struct Shape {
  double area = 0;
};

struct SquareMaker final : MakerOf<SquareMaker, Shape, double> {
  double side = 1;
  void describe(Keys& keys) override { keys("side", side, "cm", "of the square", Allowed::above_to(0, 10)); }
  std::unique_ptr<Shape> make(double scale) const override {
    return std::make_unique<Shape>(Shape{side * side * scale});
  }
};
struct BoxMaker final : MakerOf<BoxMaker, Shape, double> {
  int64_t width = 2, height = 3;
  void describe(Keys& keys) override {
    keys("width", width, "cm", "of the box", Allowed::from(1, 9));
    keys("height", height, "cm", "of the box", Allowed::from(1, 9));
    if (width == height)
      keys.contradiction({"width", "height"}, [](const std::string& path) { return path + "width makes a square"; });
  }
  std::unique_ptr<Shape> make(double scale) const override {
    return std::make_unique<Shape>(Shape{static_cast<double>(width * height) * scale});
  }
};
struct DotMaker final : MakerOf<DotMaker, Shape, double> {
  void describe(Keys&) override {}
  std::unique_ptr<Shape> make(double) const override { return std::make_unique<Shape>(); }
};

using ShapeKind = Kind<Shape, double>;
constexpr ShapeKind kShapes[] = {{"square", "four equal sides", make_maker<SquareMaker>},
                                 {"box", "four sides", make_maker<BoxMaker>},
                                 {"dot", "nothing to see", make_maker<DotMaker>}};
using ShapeChoice = Choice<Shape, double>;

struct Rule {
  std::string match;
  AutoReal scale;
};
void describe(Keys& keys, Rule& rule) {
  keys("match", rule.match, "glob", "names", Allowed::text());
  keys("scale", rule.scale, "", "of it", Allowed::from(0, 1).or_word("same"));
}

struct Drawing {
  ShapeChoice frame{kShapes, "square"};
  double lr = 0.5;
  std::vector<ShapeChoice> shapes;
  std::vector<Rule> rules;
  std::vector<std::string> names;
  std::vector<int64_t> sizes{3};
};
void describe(Keys& keys, Drawing& d) {
  keys.kind(binding("name"), d.frame, "shape of the frame");
  keys("lr", d.lr, "", "common to all", Allowed::from(0, 1));
  keys.kinds(binding("shapes"), d.shapes, ShapeChoice(kShapes, "dot"), "", "drawn in it");
  keys.list("rules", d.rules, "", "first match wins");
  keys("names", d.names, "", "of people");
  keys("sizes", d.sizes, "cm", "of paper", Allowed::from(1, 100));
}

struct Loaded {
  Drawing drawing;
  std::vector<Mistake> mistakes;
  Origins origins;
  std::string said() const {
    std::string all;
    for (const Mistake& mistake : mistakes) all += mistake.place.text() + ": " + mistake.message + "\n";
    return all;
  }
};

// Below `drawing:`, as sections of a config lie.
Loaded load(const std::string& yaml, const std::vector<std::string>& words = {}) {
  Loaded loaded;
  const DescribeKeys keys = [&](Keys& k) { k.section("drawing", loaded.drawing); };
  if (!yaml.empty())
    apply_settings(yaml_settings(yaml, "a.yaml", loaded.mistakes), keys, loaded.origins, loaded.mistakes);
  apply_settings(command_line_settings(words, loaded.mistakes), keys, loaded.origins, loaded.mistakes);
  return loaded;
}

std::string flat(Drawing& drawing) {
  std::string all;
  for (const ConfigKey& key : keys_of([&](Keys& k) { k.section("drawing", drawing); }))
    all += fmt::format("{}={}{} ", key.name, key.value, key.effect == Effect::binds ? "!" : "");
  return all;
}

constexpr const char* kFile = R"(
drawing:
  name: box
  width: 4
  shapes:
    - dot
    - square: {side: 2}
    - box:
        width: 5
  rules:
    - match: "*.bias"
      scale: 0.5
    - {match: b}
  names: [ann, bob]
)";

TEST(ConfigKinds, AreReadFromAFile) {
  Loaded loaded = load(kFile);
  EXPECT_EQ(loaded.said(), "");
  EXPECT_EQ(loaded.drawing.frame.make(1.0)->area, 12);
  ASSERT_EQ(loaded.drawing.shapes.size(), 3u);
  EXPECT_EQ(loaded.drawing.shapes[1].make(1.0)->area, 4);
  EXPECT_EQ(loaded.drawing.shapes[2].make(2.0)->area, 30);
  EXPECT_EQ(flat(loaded.drawing),
            "drawing.name=box! drawing.width=4 drawing.height=3 drawing.lr=0.5 drawing.shapes.0=dot! "
            "drawing.shapes.1=square! drawing.shapes.1.square.side=2.0! drawing.shapes.2=box! "
            "drawing.shapes.2.box.width=5! drawing.shapes.2.box.height=3! drawing.rules.0.match=\"*.bias\" "
            "drawing.rules.0.scale=0.5 drawing.rules.1.match=b drawing.rules.1.scale=same drawing.names=[ann, bob] "
            "drawing.sizes=[3] ");
}

TEST(ConfigKinds, WordsReachIntoLists) {
  Loaded loaded =
      load(kFile, {"drawing.shapes.1.square.side=3", "drawing.shapes.0=square", "drawing.rules.1.scale=0.25",
                   "drawing.names.0=eve", "drawing.sizes=[4, 5]", "drawing.sizes.1=6"});
  EXPECT_EQ(loaded.said(), "");
  EXPECT_EQ(loaded.drawing.shapes[1].make(1.0)->area, 9);
  EXPECT_EQ(loaded.drawing.shapes[0].make(1.0)->area, 1);
  EXPECT_EQ(loaded.drawing.rules[1].scale.value, 0.25);
  EXPECT_EQ(loaded.drawing.rules[0].scale.value, 0.5);
  EXPECT_EQ(loaded.drawing.names, (std::vector<std::string>{"eve", "bob"}));
  EXPECT_EQ(loaded.drawing.sizes, (std::vector<int64_t>{4, 6}));
}

TEST(ConfigKinds, WordsReplaceLists) {
  Loaded loaded = load(kFile, {"drawing.shapes=[dot, {box: {width: 1}}]", "drawing.rules=[{match: c}]",
                               "drawing.names=carl", "drawing.shapes.1.box.height=4"});
  EXPECT_EQ(loaded.said(), "");
  ASSERT_EQ(loaded.drawing.shapes.size(), 2u);
  EXPECT_EQ(loaded.drawing.shapes[1].make(1.0)->area, 4);
  ASSERT_EQ(loaded.drawing.rules.size(), 1u);
  EXPECT_EQ(loaded.drawing.rules[0].match, "c");
  EXPECT_FALSE(loaded.drawing.rules[0].scale.value);
  EXPECT_EQ(loaded.drawing.names, (std::vector<std::string>{"carl"}));
}

// What the file gave to another kind is dropped, but for keys of the same name.
TEST(ConfigKinds, AWordChoosesAnotherKind) {
  Loaded loaded = load("drawing: {name: box, width: 4, lr: 0.25}\n", {"drawing.name=square", "drawing.side=5"});
  EXPECT_EQ(loaded.said(), "");
  EXPECT_EQ(loaded.drawing.frame.make(1.0)->area, 25);
  EXPECT_EQ(loaded.drawing.lr, 0.25);
  const Config config = parse_config("optimizer: {name: adamw, lr: 0.125, beta1: 0.5}\n", "a.yaml",
                                     {"optimizer.name=sgd", "optimizer.momentum=0.75"});
  EXPECT_EQ(config.optimizer.kind.make()->learning_rate(), 0.125);
  EXPECT_EQ(config.optimizer.kind.as<SgdMaker>()->momentum, 0.75);
  EXPECT_EQ(parse_config("{}", "a.yaml", {"optimizer.name=sgd"}).optimizer.kind.make()->learning_rate(), 1e-3);
}

TEST(ConfigKinds, CopiesAreIndependent) {
  Loaded loaded = load(kFile);
  Drawing copy = loaded.drawing;
  copy.frame.as<BoxMaker>()->width = 9;
  EXPECT_EQ(loaded.drawing.frame.as<BoxMaker>()->width, 4);
}

struct Bad {
  const char* yaml;
  const char* word;
  const char* says;
};

class BadKinds : public testing::TestWithParam<Bad> {};

TEST_P(BadKinds, AreToldOnce) {
  const Bad& bad = GetParam();
  std::vector<std::string> words;
  if (*bad.word != '\0') words.emplace_back(bad.word);
  const Loaded loaded = load(bad.yaml, words);
  EXPECT_EQ(loaded.mistakes.size(), 1u) << loaded.said();
  EXPECT_NE(loaded.said().find(bad.says), std::string::npos) << loaded.said();
}

constexpr const char* kShort = "drawing: {shapes: [dot, square], rules: [{match: a}], names: [x]}\n";

INSTANTIATE_TEST_SUITE_P(
    All, BadKinds,
    testing::Values(
        Bad{"drawing: {name: sqare}", "",
            "a.yaml:1:17: drawing.name = sqare is unknown; there are square, box, dot; did "
            "you mean square?"},
        Bad{"drawing: {name: sqare, side: 3}", "", "drawing.name = sqare is unknown"},
        Bad{"drawing: {name: box, side: 3}", "",
            "drawing.side is a key of name square, and drawing.name = box; remove it, or choose that one"},
        Bad{"drawing: {name: box, widht: 3}", "", "unknown key drawing.widht; did you mean drawing.width?"},
        Bad{"drawing: {name: [box]}", "", "drawing.name is a list; one value is wanted"},
        Bad{"drawing: {name: {box: 1}}", "", "drawing.name is a group of keys; one value is wanted"},
        Bad{"drawing: {shapes: dot}", "", "drawing.shapes = dot is one value where a list is wanted"},
        Bad{"drawing: {shapes: }", "", "drawing.shapes has no value; write [] for none"},
        Bad{"drawing: {shapes: {dot: 1}}", "", "drawing.shapes is a list, which is empty"},
        Bad{"drawing: {shapes: [dto]}", "",
            "drawing.shapes.0 = dto is unknown; there are square, box, dot; did you mean"},
        Bad{"drawing: {shapes: [dot, {sqare: {side: 1}}]}", "", "drawing.shapes.1 = sqare is unknown"},
        Bad{"drawing: {shapes: [{square: {sid: 1}}]}", "",
            "unknown key drawing.shapes.0.square.sid; did you mean drawing.shapes.0.square.side?"},
        Bad{"drawing: {shapes: [{square: 4}]}", "",
            "drawing.shapes.0.square = 4 is one value where a group of keys is wanted"},
        Bad{"drawing: {shapes: [{square: {side: 1}, box: {}}]}", "",
            "drawing.shapes.0 has the names square, box; one name is wanted"},
        Bad{"drawing: {shapes: [[dot]]}", "", "drawing.shapes.0 is a list in the list; one name is wanted"},
        Bad{"drawing: {shapes: [~]}", "", "drawing.shapes.0 is empty; one name is wanted"},
        Bad{"drawing: {shapes: [{square: {side: wide}}]}", "", "drawing.shapes.0.square.side = wide is no number"},
        Bad{"drawing: {rules: [{mtch: a}]}", "",
            "unknown key drawing.rules.0.mtch; did you mean drawing.rules.0.match?"},
        Bad{"drawing: {rules: [a]}", "", "drawing.rules.0 = a is one value where a group of keys is wanted"},
        Bad{"drawing: {rules: {match: a}}", "", "drawing.rules.match: drawing.rules is a list, which is empty"},
        Bad{"drawing: {rules: [{match: a, scale: much}]}", "",
            "drawing.rules.0.scale = much is neither same nor a number"},
        Bad{"drawing: {rules: [{match: a, match: b}]}", "",
            "drawing.rules.0.match stands here for the second time, first in line 1"},
        Bad{"drawing: {names: [ann, [bob]]}", "", "drawing.names.1 is a list; one value is wanted"},
        Bad{"drawing: {names: {a: 1}}", "", "drawing.names.a: drawing.names is a list, which is empty"},
        Bad{"drawing: {sizes: [1, x]}", "", "drawing.sizes.1 = x is no whole number"},
        Bad{kShort, "drawing.shapes.2=dot",
            "command line: drawing.shapes.2: drawing.shapes is a list, whose items are 0 "
            "to 1"},
        Bad{kShort, "drawing.shapes.-1=dot", "drawing.shapes.-1: drawing.shapes is a list"},
        Bad{kShort, "drawing.shapes.one=dot", "drawing.shapes.one: drawing.shapes is a list"},
        Bad{kShort, "drawing.shapes.1.sqare.side=2", "drawing.shapes.1 = sqare is unknown"},
        Bad{kShort, "drawing.shapes.1.square.sid=2", "unknown key drawing.shapes.1.square.sid"},
        Bad{kShort, "drawing.shapes.1.square=2", "drawing.shapes.1.square is a group of keys; set one of them"},
        Bad{kShort, "drawing.rules.1.match=b", "drawing.rules.1: drawing.rules is a list, whose one item is 0"},
        Bad{kShort, "drawing.rules.0=b", "drawing.rules.0 is a group of keys; set one of them"},
        Bad{kShort, "drawing.rules=[{mtch: a}]", "unknown key drawing.rules.0.mtch"},
        Bad{kShort, "drawing.rules=[{match: a}", "drawing.rules = [{match: a} is one value where a list is wanted"},
        Bad{kShort, "drawing.names.3=x", "drawing.names.3: drawing.names is a list, whose one item is 0"},
        Bad{kShort, "drawing.names.0.x=y", "drawing.names.0 is a group of keys; one value is wanted"},
        Bad{kShort, "drawing.lr.0=1", "drawing.lr is a group of keys; one value is wanted"},
        Bad{kShort, "drawing.name=rectangle", "drawing.name = rectangle is unknown"},
        Bad{kShort, "drawing.width=2", "drawing.width is a key of name box, and drawing.name = square"}));

}  // namespace
}  // namespace convoy
