// The files: what the HTML's data says, that no name can break out of any of them, and that they
// stay small and readable.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/support/errors.h"
#include "tests/support/graph_files.h"
#include "tests/support/json.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

using test::data_in_html;
using test::edge_between;
using test::message_of;
using test::node_named;
using test::TempDir;

// y = x^3, z = 5y at 2.
Graph cube() {
  const KeepValuesGuard keep;
  const Tensor x = tensor(2.0).requires_grad_().set_name("x");
  const Tensor y = pow(x, 3).set_name("y");
  return graph((5 * y).set_name("z"));
}

// A network whose names are as bad as can be.
Graph with_names(const std::vector<std::string>& names) {
  const KeepValuesGuard keep;
  Tensor sum_of_all;
  for (const std::string& name : names) {
    const Tensor each = tensor({1.5, 2.5}).requires_grad_().set_name(name);
    sum_of_all = sum_of_all.defined() ? sum_of_all + each : each;
  }
  return graph(sum(sum_of_all).set_name("E"));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(PictureTest, TheStepsTellBothPasses) {
  const Json data = data_in_html(to_html(cube()));
  std::vector<std::string> steps;
  for (const Json& step : data["steps"]) {
    steps.push_back(step["phase"].get<std::string>() + ": " + step["text"].get<std::string>());
  }
  EXPECT_EQ(steps, (std::vector<std::string>{
                       "forward: y = x ^ 3 = 2 ^ 3 = 8", "forward: z = 5 * y = 5 * 8 = 40",
                       "backward: dz/dz = 1", "backward: dz/dy = 5",
                       "backward: dz/dx = dz/dy * dy/dx = 5 * 3 * x ^ 2 = 5 * 12 = 60"}));
}

TEST(PictureTest, TheHtmlHoldsTheDataOfTheGraph) {
  const Graph seen = cube();
  const std::string html = to_html(seen, "A <title> & more");
  const Json data = data_in_html(html);
  EXPECT_EQ(data, test::parse_json(to_json(seen)));
  EXPECT_EQ(data["target"], "z");
  const Json y = node_named(data, "y");
  EXPECT_EQ(y["op"], "pow");
  EXPECT_EQ(y["kind"], "op");
  EXPECT_EQ(y["shape"], Json::array());
  EXPECT_EQ(y["dtype"], "float32");
  EXPECT_EQ(y["formula"], "y = x ^ 3");
  EXPECT_EQ(y["value"]["first"], Json({8.0}));
  EXPECT_EQ(y["gradient"]["first"], Json({5.0}));
  EXPECT_EQ(y["new_value"], nullptr);
  EXPECT_TRUE(y["source"].get<std::string>().starts_with("picture_test.cpp:"));
  EXPECT_EQ(edge_between(data, "x", "y")["rule"],
            "dz/dx = dz/dy * dy/dx = 5 * 3 * x ^ 2 = 5 * 12 = 60");
  EXPECT_EQ(edge_between(data, "x", "y")["local"], 12);
  EXPECT_TRUE(contains(html, "<title>A &lt;title&gt; &amp; more</title>"));
  EXPECT_FALSE(contains(html, "{{"));
  // Nothing is fetched: the one address is the name of SVG.
  std::string rest = html;
  const std::string svg = "http://www.w3.org/2000/svg";
  for (std::size_t at = rest.find(svg); at != std::string::npos; at = rest.find(svg)) {
    rest.erase(at, svg.size());
  }
  for (const char* part : {"http:", "https:", "src=", "@import", "<link"}) {
    EXPECT_FALSE(contains(rest, part)) << part;
  }
}

TEST(PictureTest, EveryNodeAndEdgeIsDrawnOnce) {
  const std::string html = to_html(cube());
  const Json data = data_in_html(html);
  for (const Json& node : data["nodes"]) {
    const std::string mark = "id=\"n" + test::dump(node["id"]) + "\"";
    EXPECT_EQ(contains(html, mark), !node["is_number"].get<bool>()) << mark;
  }
  EXPECT_TRUE(contains(html, ">dz/dx = dz/dy * dy/dx</text>"));
  EXPECT_TRUE(contains(html, ">= 5 * 12 = 60</text>"));
  EXPECT_TRUE(contains(to_svg(cube()), ">= 5 * 12 = 60</text>"));
}

TEST(PictureTest, TheChainRuleIsASumWhereThereAreSeveralWays) {
  const KeepValuesGuard keep;
  const Tensor x = tensor(3.0).requires_grad_().set_name("x");
  const Tensor y = (x * x).set_name("y");
  const Json data = test::parse_json(to_json(graph((y - x).set_name("z"))));
  EXPECT_EQ(data["steps"].back()["text"],
            "dz/dx = dz/dy * dy/dx + dz/dy * dy/dx + dz/dx = 1 * 3 + 1 * 3 + -1 = 5");
  EXPECT_EQ(edge_between(data, "x", "z")["rule"], "part of dz/dx: dz/dx = -1");
}

TEST(PictureTest, ElementaryFunctionsHaveTheirDerivatives) {
  const KeepValuesGuard keep;
  const Tensor x = tensor(0.0).requires_grad_().set_name("x");
  const auto rule = [&](const Tensor& y) {
    const Tensor z = (2 * y.set_name("y")).set_name("z");
    return edge_between(test::parse_json(to_json(graph(z))), "x", "y")["rule"].get<std::string>();
  };
  const std::string begin = "dz/dx = dz/dy * dy/dx = 2 * ";
  EXPECT_EQ(rule(sigmoid(x)), begin + "y * (1 - y) = 2 * 0.25 = 0.5");
  EXPECT_EQ(rule(tanh(x)), begin + "(1 - y ^ 2) = 2 * 1 = 2");
  EXPECT_EQ(rule(exp(x)), begin + "y = 2 * 1 = 2");
  EXPECT_EQ(rule(x / -4), begin + "1 / (-4) = 2 * (-0.25) = -0.5");
  EXPECT_EQ(rule(x + 1), begin + "1 = 2");
}

TEST(PictureTest, AnUpdateIsWrittenAsWhatItWas) {
  const KeepValuesGuard keep;
  const auto last_step = [](auto make_optimizer) {
    const Tensor w = tensor(3.0).requires_grad_().set_name("w");
    const Tensor loss = (w * w).set_name("E");
    Graph seen = graph(loss);
    const auto optimizer = make_optimizer(std::vector<Tensor>{w});
    loss.backward();
    optimizer->step();
    seen.record_update("", optimizer->learning_rate());
    return test::parse_json(to_json(seen))["steps"].back()["text"].get<std::string>();
  };
  using Weights = const std::vector<Tensor>&;
  EXPECT_EQ(last_step([](Weights w) {
              return std::make_unique<optim::SGD>(w, optim::SGDOptions{.lr = 0.25});
            }),
            "w_new = w - lr * dE/dw = 3 - 0.25 * 6 = 1.5");
  EXPECT_EQ(last_step([](Weights w) {
              return std::make_unique<optim::Adam>(w, optim::AdamOptions{.lr = 0.25});
            }),
            "w_new = w + step of Adam (lr 0.25) = 3 + (-0.25) = 2.75");
}

const std::vector<std::string> kBadNames = {"</script><script>alert(1)</script>",
                                            "\"quoted\" 'name' & <b>",
                                            "back\\slash\\",
                                            "line\nbreak\ttab",
                                            "größe ∂x 重み",
                                            "no \xFF UTF-8 \xC3",
                                            "]]> --> <!-- {{data}}"};

TEST(PictureTest, NamesCannotBreakOutOfTheHtml) {
  const std::string html = to_html(with_names(kBadNames), kBadNames[0]);
  const Json data = data_in_html(html);
  EXPECT_EQ(node_named(data, kBadNames[0])["kind"], "leaf");
  EXPECT_EQ(node_named(data, "größe ∂x 重み")["kind"], "leaf");
  EXPECT_EQ(node_named(data, "line break tab")["kind"], "leaf");
  EXPECT_EQ(node_named(data, "no \xEF\xBF\xBD UTF-8 \xEF\xBF\xBD")["kind"], "leaf");
  EXPECT_EQ(node_named(data, kBadNames[6])["kind"], "leaf");
  EXPECT_FALSE(contains(html, "alert(1)</script>"));
  EXPECT_FALSE(contains(html, "<script>alert"));
  EXPECT_FALSE(contains(html, "<b>'"));
  EXPECT_FALSE(contains(html, "<!-- {{"));
  std::size_t scripts = 0;
  for (std::size_t at = html.find("<script"); at != std::string::npos;) {
    ++scripts;
    at = html.find("<script", at + 1);
  }
  EXPECT_EQ(scripts, 2U);
}

TEST(PictureTest, DotFollowsItsGrammar) {
  const std::string text = to_dot(with_names(kBadNames));
  const test::Dot dot = test::read_dot(text);
  EXPECT_EQ(dot.nodes.size(), 7U + 6 + 1);
  EXPECT_EQ(dot.edges.size(), 7U + 6);
  EXPECT_TRUE(contains(dot.nodes[0], "</script>"));
  const auto has = [&](const std::string& part) {
    return std::any_of(dot.nodes.begin(), dot.nodes.end(),
                       [&](const std::string& label) { return contains(label, part); });
  };
  EXPECT_TRUE(has("\nback\\slash\\\n"));
  EXPECT_TRUE(has("\n\"quoted\" 'name' & <b>\n"));
  const std::string cube_text = to_dot(cube());
  const test::Dot small = test::read_dot(cube_text);
  EXPECT_EQ(small.edges[0], "dz/dx = dz/dy * dy/dx\n= 5 * 3 * x ^ 2\n= 5 * 12 = 60");
}

TEST(PictureTest, GraphvizReadsTheDot) {
  const char* program = "/usr/bin/dot";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "no Graphviz here; the grammar is tested";
  const TempDir folder;
  save(with_names(kBadNames), folder / "graph.dot");
  const test::ProcessResult result =
      test::Process({program, "-Tsvg", "graph.dot"}, test::Process::Output::Pipes, folder.path())
          .finish();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "größe"));
}

TEST(PictureTest, LargeTensorsStaySmall) {
  const KeepValuesGuard keep;
  const Tensor x = full({1000, 1000}, 2.0).requires_grad_().set_name("x");
  const Graph seen = graph(mean(x * x).set_name("E"));
  const std::string html = to_html(seen);
  EXPECT_LT(html.size(), 60000U);
  const Json x_data = node_named(data_in_html(html), "x");
  EXPECT_EQ(x_data["value"]["first"].size(), 100U);
  EXPECT_EQ(x_data["value"]["numel"], 1000000);
  EXPECT_EQ(x_data["value"]["norm"], 2000);
  EXPECT_EQ(x_data["value"]["text"], "mean 2, norm 2000");
  EXPECT_EQ(x_data["shape"], Json({1000, 1000}));
}

TEST(PictureTest, NumbersThatAreNotFiniteAreWords) {
  const KeepValuesGuard keep;
  const Tensor x = tensor({-1.0, 0.0, 0.1}).requires_grad_().set_name("x");
  const Json data = test::parse_json(to_json(graph(sum(log(x)).set_name("E"))));
  EXPECT_EQ(node_named(data, "x")["value"]["first"], Json({-1, 0, 0.1}));
  const Json y = node_named(data, "v1");
  EXPECT_EQ(y["value"]["first"][0], "nan");
  EXPECT_EQ(y["value"]["first"][1], "-inf");
  EXPECT_EQ(y["value"]["not_finite"], 2);
  EXPECT_EQ(node_named(data, "x")["gradient"]["first"][1], "inf");
}

TEST(PictureTest, TensorsOfAnyKindAreDescribed) {
  const KeepValuesGuard keep;
  const Tensor empty_one = zeros({0, 3}).requires_grad_().set_name("e");
  const Tensor w = tensor({{1.0, 2.0}}, kBFloat16).requires_grad_().set_name("w");
  const Tensor flags = tensor({{true, false}});
  const Graph seen = graph({sum(empty_one), sum(w * flags.to(kBFloat16))});
  const Json data = data_in_html(to_html(seen));
  EXPECT_EQ(node_named(data, "e")["value"]["text"], "empty");
  EXPECT_EQ(node_named(data, "w")["dtype"], "bfloat16");
  EXPECT_EQ(node_named(data, "w")["gradient"]["first"], Json({1, 0}));
}

TEST(PictureTest, SavesWhatTheEndingSays) {
  const TempDir folder;
  for (const char* name : {"a.html", "a.svg", "a.dot", "a.json"}) {
    EXPECT_TRUE(can_save_graph_as(name));
    save(cube(), folder / name);
  }
  EXPECT_TRUE(test::read_text(folder / "a.html").starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(test::read_text(folder / "a.svg").starts_with("<svg xmlns="));
  EXPECT_TRUE(test::read_text(folder / "a.dot").starts_with("digraph"));
  EXPECT_EQ(test::parse_json(test::read_text(folder / "a.json"))["target"], "z");
  EXPECT_FALSE(can_save_graph_as("a.png"));
  EXPECT_EQ(message_of([&] { save(cube(), folder / "a.png"); }),
            "a graph is saved as .html, .svg, .dot or .json, not as a.png");
  EXPECT_TRUE(contains(message_of([&] { save(cube(), folder / "none/a.svg"); }),
                       "none/a.svg: No such file or directory"));
}

}  // namespace
}  // namespace gradus
