// A small network with three inputs and two hidden neurons that share them. Every weight is a
// number of its own, so that the picture shows where each gradient comes from: an input reaches
// the error by two ways, and so does all that lies before a fork.
//
//   several_inputs graph.html      (or .svg, .dot, .json)
#include <gradus/gradus.h>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: several_inputs FILE\n";
    return 2;
  }
  using namespace gradus;
  const KeepValuesGuard keep;
  const auto weight = [&](const char* name, double value) {
    return tensor(value).requires_grad_(true).set_name(name);
  };
  // The inputs ask for gradients too: how does the error depend on the data?
  const Tensor x1 = weight("x1", 1.0);
  const Tensor x2 = weight("x2", -2.0);
  const Tensor x3 = weight("x3", 0.5);
  const nn::StateDict weights = {{"a1", weight("a1", 0.3)}, {"a2", weight("a2", -0.2)},
                                 {"b2", weight("b2", 0.4)}, {"b3", weight("b3", 0.6)},
                                 {"c1", weight("c1", 0.7)}, {"c2", weight("c2", -0.5)}};
  const auto w = [&](std::size_t i) { return weights[i].tensor; };

  const Tensor h1 = tanh(w(0) * x1 + w(1) * x2).set_name("h1");
  const Tensor h2 = tanh(w(2) * x2 + w(3) * x3).set_name("h2");
  const Tensor z = (w(4) * h1 + w(5) * h2).set_name("z");
  const Tensor error = pow(z - 1, 2).set_name("E");
  Graph seen = graph(error, {.parameters = weights});

  optim::SGD optimizer(weights, {.lr = 0.1});
  error.backward();
  optimizer.step();
  seen.record_update("SGD", optimizer.learning_rate());
  save(seen, argv[1]);
  std::cout << "dE/dx2 = " << seen.node("x2").gradient.item<double>() << '\n';
}
