// `gradus graph` on the shipped configs.
#include <gtest/gtest.h>

#include "tests/support/graph_files.h"
#include "tests/support/json.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::operator+;
using test::ProcessResult;
using test::Words;

class GraphCommandTest : public test::ProgramTest {
 protected:
  ProcessResult draw(const std::string& model, const std::string& out,
                     const Words& more = {}) const {
    return gradus(Words{"graph"} + small(model) + Words{"-o", out} + more);
  }
};

TEST_F(GraphCommandTest, draws_a_step_of_every_shipped_model) {
  const std::pair<const char*, const char*> models[] = {
      {"cnn", "Adam"}, {"mlp", "Adam"}, {"resnet", "SGD"}, {"sequential", "SGD"}};
  for (const auto& [model, optimizer] : models) {
    const ProcessResult result = draw(model, "graph.html");
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(result.out.starts_with("wrote graph.html: ")) << result.out;
    const auto data = test::data_in_html(test::read_text(folder_ / "graph.html"));
    EXPECT_EQ(data["target"], "loss");
    EXPECT_EQ(data["notes"].size(), 0U) << data["notes"];
    EXPECT_EQ(data["update"]["optimizer"], optimizer);
    EXPECT_EQ(test::node_named(data, "input")["kind"], "constant");
    EXPECT_EQ(test::node_named(data, "input")["shape"][0], 4);
    EXPECT_EQ(test::node_named(data, "input")["value"]["numel"], 4 * 8 * 8);
    EXPECT_EQ(test::node_named(data, "output")["shape"], Json({4, 10}));
    int weights = 0;
    for (const auto& node : data["nodes"]) {
      if (node["kind"] != "parameter") continue;
      ++weights;
      EXPECT_FALSE(node["gradient"].is_null()) << node["name"];
      EXPECT_FALSE(node["new_value"].is_null()) << node["name"];
      EXPECT_FALSE(node["group"].get<std::string>().empty()) << node["name"];
    }
    EXPECT_GE(weights, 4);
  }
}

TEST_F(GraphCommandTest, takes_a_batch_settings_and_weights) {
  ASSERT_EQ(gradus(train("mlp", "run", epochs(1))).exit_code, 0);
  const std::string file = checkpoints("run").back();
  const ProcessResult result = draw("mlp", "graph.json", {"--batch", "2", "--checkpoint", file});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto data = test::parse_json(test::read_text(folder_ / "graph.json"));
  EXPECT_EQ(test::node_named(data, "input")["shape"][0], 2);
  ASSERT_EQ(draw("mlp", "new.json", {"--batch", "2"}).exit_code, 0);
  const auto fresh = test::parse_json(test::read_text(folder_ / "new.json"));
  EXPECT_NE(test::node_named(data, "1.weight")["value"],
            test::node_named(fresh, "1.weight")["value"]);
}

TEST_F(GraphCommandTest, writes_dot_and_svg) {
  ASSERT_EQ(draw("cnn", "graph.dot").exit_code, 0);
  const std::string text = test::read_text(folder_ / "graph.dot");
  EXPECT_GE(test::read_dot(text).nodes.size(), 20U);
  ASSERT_EQ(draw("cnn", "graph.svg").exit_code, 0);
  EXPECT_TRUE(contains(test::read_text(folder_ / "graph.svg"), "weight, updated by Adam</text>"));
}

TEST_F(GraphCommandTest, refuses_what_it_cannot_write) {
  const ProcessResult ending = draw("mlp", "graph.png");
  EXPECT_EQ(ending.exit_code, 2);
  EXPECT_TRUE(contains(ending.err, "graph.png: a graph is saved as .html, .svg, .dot or .json"))
      << ending.err;
  EXPECT_EQ(draw("mlp", "graph.html", {"--batch", "0"}).exit_code, 2);
  EXPECT_EQ(gradus({"graph", config("mlp")}).exit_code, 2);
  const ProcessResult folder = draw("mlp", "none/graph.html");
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_TRUE(contains(folder.err, "none/graph.html: No such file or directory")) << folder.err;
}

}  // namespace
}  // namespace gradus
