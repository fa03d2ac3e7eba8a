// Two neurons in a row, z = f(y, w2) and y = f(x, w1) with f(a, w) = sigmoid(w * a), the error
// E = (z - t)^2, and what one step of gradient descent makes of the weights.
//
//   two_weights graph.html      (or .svg, .dot, .json)
#include <gradus/gradus.h>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: two_weights FILE\n";
    return 2;
  }
  using namespace gradus;
  const KeepValuesGuard keep;
  const Tensor x = tensor(1.5);
  const Tensor t = tensor(1.0);
  const Tensor w1 = tensor(0.8).requires_grad_(true);
  const Tensor w2 = tensor(-0.4).requires_grad_(true);
  const nn::StateDict weights = {{"w1", w1}, {"w2", w2}};

  const Tensor y = sigmoid(w1 * x).set_name("y");
  const Tensor z = sigmoid(w2 * y).set_name("z");
  const Tensor error = pow(z - t, 2).set_name("E");
  Graph seen = graph(error, {.parameters = weights, .names = {{"x", x}, {"t", t}}});

  optim::SGD optimizer(weights, {.lr = 0.5});
  error.backward();
  optimizer.step();
  seen.record_update("SGD", optimizer.learning_rate());
  save(seen, argv[1]);
  for (const char* name : {"w1", "w2"}) {
    const Graph::Node& w = seen.node(name);
    std::cout << name << ": " << w.value.item<double>() << " -> " << w.new_value.item<double>()
              << '\n';
  }
}
