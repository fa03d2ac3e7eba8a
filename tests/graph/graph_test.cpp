// The graph as data: its nodes, its gradients against the engine's, what it leaves alone.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"

namespace gradus {
namespace {

using test::message_of;

Tensor leaf(double value, const char* name) {
  return tensor(value, kFloat64).requires_grad_().set_name(name);
}

double number(const Tensor& tensor) {
  return tensor.item<double>();
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

const Graph::Edge& edge(const Graph& seen, const std::string& from, const std::string& to) {
  for (const Graph::Edge& each : seen.edges) {
    if (seen.nodes[each.from].name == from && seen.nodes[each.to].name == to) return each;
  }
  throw ValueError("no edge from " + from + " to " + to);
}

TEST(GraphTest, ACubeTimesFive) {
  const KeepValuesGuard keep;
  const Tensor x = leaf(2, "x");
  const Tensor y = pow(x, 3).set_name("y");
  const Tensor z = (5 * y).set_name("z");
  const Graph seen = graph(z);

  ASSERT_EQ(seen.nodes.size(), 5U);  // x, 3, y, 5, z
  EXPECT_EQ(seen.target(), "z");
  EXPECT_TRUE(seen.notes.empty());
  const Graph::Node& cube = seen.node("y");
  EXPECT_EQ(cube.op, "pow");
  EXPECT_EQ(cube.kind, Graph::Kind::Op);
  EXPECT_EQ(cube.dtype, kFloat64);
  EXPECT_EQ(cube.sizes, Shape());
  EXPECT_TRUE(cube.source.starts_with("graph_test.cpp:"));
  EXPECT_EQ(number(cube.value), 8);
  EXPECT_EQ(number(cube.gradient), 5);
  EXPECT_EQ(number(seen.node("z").value), 40);
  EXPECT_EQ(number(seen.node("z").gradient), 1);
  EXPECT_TRUE(seen.node("z").is_output);
  EXPECT_EQ(seen.node("x").kind, Graph::Kind::Leaf);
  EXPECT_EQ(number(seen.node("x").value), 2);
  EXPECT_EQ(number(seen.node("x").gradient), 5 * 3 * 2 * 2);  // dz/dx = 5 * 3x^2
  EXPECT_EQ(edge(seen, "x", "y").local, 12);
  EXPECT_EQ(edge(seen, "y", "z").local, 5);
  EXPECT_EQ(number(edge(seen, "x", "y").contribution), 60);
  const Graph::Node& three = seen.node("number1");
  EXPECT_TRUE(three.is_number);
  EXPECT_EQ(three.kind, Graph::Kind::Constant);
  EXPECT_EQ(number(three.value), 3);
  EXPECT_FALSE(three.gradient.defined());
  EXPECT_FALSE(edge(seen, "number1", "y").local);
}

TEST(GraphTest, StepsFollowTheComputationAndGoBackTheOtherWay) {
  const Tensor x = leaf(0.5, "x");
  const Tensor a = exp(x);
  const Graph seen = graph(a * x + a);
  for (const Graph::Edge& each : seen.edges) {
    const Graph::Node& from = seen.nodes[each.from];
    const Graph::Node& to = seen.nodes[each.to];
    EXPECT_LT(from.id, to.id);
    EXPECT_LT(from.forward_step, to.forward_step);
    EXPECT_GT(from.backward_step, to.backward_step);
  }
  EXPECT_EQ(seen.node("x").forward_step, 0);
  EXPECT_EQ(seen.nodes.back().forward_step, 3);
  EXPECT_EQ(seen.nodes.back().backward_step, 1);
}

TEST(GraphTest, GradientsAreTheEnginesBitForBit) {
  manual_seed(1);
  nn::Sequential net(nn::Linear(5, 7), nn::Tanh(), nn::Linear(7, 3));
  const Tensor x = randn({4, 5}).requires_grad_().set_name("x");
  const Tensor h = net(x);
  const Tensor used_often = h * h + h * 3 + h;
  const Tensor loss = mean(exp(used_often) * h);
  std::vector<Tensor> inputs = {x, h, used_often};
  for (const Tensor& each : net->parameters()) inputs.push_back(each);
  h.set_name("h");
  used_often.set_name("used");
  const Graph seen = graph(loss, {.parameters = net->named_parameters()});
  const std::array outputs = {loss};
  const std::vector<Tensor> expected = grad(outputs, inputs);
  const char* names[] = {"x", "h", "used", "0.weight", "0.bias", "2.weight", "2.bias"};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(seen.node(names[i]).gradient.to_vector<float>(), expected[i].to_vector<float>())
        << names[i];
  }
}

TEST(GraphTest, LeavesTheGraphAsItWas) {
  const Tensor x = leaf(3, "x");
  const Tensor y = x * x;
  graph(y);
  EXPECT_FALSE(x.grad().defined());
  y.backward();
  EXPECT_EQ(number(x.grad()), 6);
}

TEST(GraphTest, ASharedNodeStandsOnceAndSumsItsUses) {
  const KeepValuesGuard keep;
  const Tensor x = leaf(3, "x");
  const Tensor y = (x * x).set_name("y");
  const Tensor z = (y * x + y).set_name("z");
  const Graph seen = graph(z);
  EXPECT_EQ(seen.nodes.size(), 4U);
  EXPECT_EQ(seen.edges.size(), 6U);
  EXPECT_EQ(number(seen.node("y").gradient), 3 + 1);
  EXPECT_EQ(number(seen.node("x").gradient), 3 * 9 + 2 * 3);  // of x^3 + x^2
}

TEST(GraphTest, WithoutKeptValuesItSaysSo) {
  const Tensor x = leaf(2, "x");
  const Graph seen = graph(5 * x);
  ASSERT_EQ(seen.nodes.size(), 2U);
  EXPECT_FALSE(seen.nodes[1].value.defined());
  EXPECT_EQ(number(seen.node("x").value), 2);
  EXPECT_EQ(number(seen.node("x").gradient), 5);
  EXPECT_EQ(seen.nodes[1].inputs, 2U);
  ASSERT_EQ(seen.notes.size(), 1U);
  expect_contains(seen.notes[0], "KeepValuesGuard");
}

TEST(GraphTest, AfterBackwardThereAreNoGradientsAndItSaysWhy) {
  const KeepValuesGuard keep;
  const Tensor x = leaf(2, "x");
  const Tensor y = exp(x) * x;
  y.backward();
  const Graph seen = graph(y);
  EXPECT_EQ(seen.nodes.size(), 3U);
  for (const Graph::Node& node : seen.nodes) {
    EXPECT_TRUE(node.value.defined());
    EXPECT_FALSE(node.gradient.defined());
    EXPECT_EQ(node.backward_step, 0);
  }
  ASSERT_EQ(seen.notes.size(), 1U);
  expect_contains(seen.notes[0], "no gradients: the values it saved are gone");

  const Graph plain = graph(exp(x), {.gradients = false});
  EXPECT_TRUE(plain.notes.empty());
  EXPECT_FALSE(plain.node("x").gradient.defined());
}

TEST(GraphTest, ADeepChainTakesNoStack) {
  const Tensor x = leaf(1, "x");
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + x;
  const Graph seen = graph(y);
  EXPECT_EQ(seen.nodes.size(), 200001U);
  EXPECT_EQ(seen.edges.size(), 400000U);
  EXPECT_EQ(number(seen.node("x").gradient), 200001);
  EXPECT_EQ(seen.nodes.back().name, "v200000");
  expect_contains(message_of([&] { to_html(seen); }), "a picture of 200001 nodes cannot be read");
}

TEST(GraphTest, NamesAreUniqueAndReachConstants) {
  const KeepValuesGuard keep;
  const Tensor x = tensor({1.0, 2.0});
  const Tensor w = tensor({3.0, 4.0}).requires_grad_().set_name("weight");
  const Tensor v = tensor({5.0, 6.0}).requires_grad_().set_name("weight");
  const Tensor y = sum(w * x + v * x);
  const Graph seen =
      graph(y, {.parameters = {{"net.fc.w", w}}, .names = {{"x", x}, {"none", v + x}}});
  EXPECT_EQ(seen.node("x").kind, Graph::Kind::Constant);  // used twice, one node
  EXPECT_EQ(seen.node("x").value.to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(seen.node("net.fc.w").kind, Graph::Kind::Parameter);
  EXPECT_EQ(seen.node("net.fc.w").group, "net.fc");
  EXPECT_EQ(seen.node("v1").group, "net.fc");
  EXPECT_EQ(seen.node("weight").kind, Graph::Kind::Leaf);
  EXPECT_EQ(seen.node("v4").op, "sum");
  EXPECT_EQ(seen.nodes.size(), 7U);

  const Graph flat = graph(sum(w * tensor({{1.0}, {2.0}}).flatten()));
  EXPECT_NO_THROW((void)flat.node("c1"));
  const Tensor column = tensor({{1.0}, {2.0}});
  const Graph view = graph(sum(w * column.flatten()), {.names = {{"column", column}}});
  EXPECT_EQ(view.node("column").sizes, Shape({2}));

  const Graph twice = graph(w * v);
  EXPECT_NO_THROW((void)twice.node("weight_2"));
  EXPECT_EQ(message_of([&] { (void)twice.node("b"); }), "graph: there is no node \"b\"");
}

TEST(GraphTest, SeveralOutputsAndTheirWeights) {
  const Tensor x = leaf(2, "x");
  const Tensor square = x * x;
  const Tensor cube = square * x;
  const Graph both = graph({square, cube});
  EXPECT_EQ(both.target(), "S");
  EXPECT_EQ(number(both.node("x").gradient), 4 + 12);
  const Graph weighed = graph({square, cube}, {.grad_outputs = {tensor(10.0, kFloat64), Tensor()}});
  EXPECT_EQ(number(weighed.node("x").gradient), 40 + 12);

  const Tensor v = tensor({1.0, 2.0}).requires_grad_();
  const Graph wide = graph(v * v);
  EXPECT_EQ(wide.target(), "S");
  EXPECT_EQ(wide.node("x1").gradient.to_vector<float>(), (std::vector<float>{2, 4}));
}

TEST(GraphTest, RefusesWhatHasNoGraph) {
  const Tensor x = leaf(2, "x");
  expect_contains(message_of([&] { graph(tensor(1.0)); }), "graph: the tensor has no graph");
  expect_contains(message_of([&] {
                    graph(x * x, {.grad_outputs = {tensor({1.0, 2.0})}});
                  }),
                  "graph: the gradient of output 0 has shape [2], the output []");
  expect_contains(message_of([&] {
                    graph(x * x, {.grad_outputs = {x, x}});
                  }),
                  "2 gradients for 1 outputs");
}

TEST(GraphTest, RecordsTheOptimizersStep) {
  const KeepValuesGuard keep;
  const Tensor w = tensor({{1.0, 2.0}}).requires_grad_();
  const Tensor fixed = tensor({{3.0, 4.0}}).requires_grad_().set_name("fixed");
  const Tensor turned = w.t().set_name("turned");  // sees the memory of w
  const Tensor loss = sum(matmul(fixed, turned)).set_name("loss");
  const nn::StateDict weights = {{"w", w}};
  Graph seen = graph(loss, {.parameters = weights});
  EXPECT_EQ(message_of([&] { seen.record_update(); }),
            "record_update: no leaf was written to since the graph was made; call it after the "
            "optimizer's step()");

  optim::SGD optimizer(weights, {.lr = 0.5});
  loss.backward();
  optimizer.step();
  seen.record_update({}, 0.5);
  const Graph::Node& weight = seen.node("w");
  EXPECT_EQ(weight.value.to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(weight.gradient.to_vector<float>(), (std::vector<float>{3, 4}));
  EXPECT_EQ(weight.new_value.to_vector<float>(), (std::vector<float>{-0.5, 0}));
  EXPECT_EQ(seen.node("turned").value.to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_FALSE(seen.node("fixed").new_value.defined());
  EXPECT_EQ(seen.node("fixed").kind, Graph::Kind::Leaf);
  ASSERT_TRUE(seen.update);
  EXPECT_EQ(seen.update->optimizer, "SGD");
}

TEST(GraphTest, MarksTheWeightsThatTheOptimizerFound) {
  const Tensor w = leaf(1, "w");
  const Tensor loss = w * w;
  Graph seen = graph(loss);
  EXPECT_EQ(seen.node("w").kind, Graph::Kind::Leaf);
  optim::Adam optimizer(std::vector<Tensor>{w}, {.lr = 0.25});
  loss.backward();
  optimizer.step();
  seen.record_update();
  EXPECT_EQ(seen.node("w").kind, Graph::Kind::Parameter);
  EXPECT_EQ(seen.update->optimizer, "Adam");
  EXPECT_NEAR(number(seen.node("w").new_value), 0.75, 1e-6);
}

}  // namespace
}  // namespace gradus
